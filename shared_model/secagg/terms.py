"""What everybody in one round goes by, and the digest that stands at the head of every message of it."""

import hashlib
from dataclasses import dataclass, field

from shared_model import canonical_json
from shared_model.books.spelling import require_sha256, spell
from shared_model.secagg.parameters import MOST_NUMBERS, SecAggParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """run, round: whose; intent_sha256: leaf hash of the round's intent in the public log, hexadecimal; registry_root:
    of the tree of registered nodes, as in that intent; size: d, the numbers of a vector.

    Raises ValueError for what cannot be. digest: 32 bytes over all of it.
    """

    run: str
    round: int
    intent_sha256: str
    registry_root: str
    size: int
    parameters: SecAggParameters
    digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        require_sha256("intent_sha256", self.intent_sha256)
        require_sha256("registry_root", self.registry_root)
        if not 1 <= self.size <= MOST_NUMBERS:
            raise ValueError(f"secure aggregation: {self.size} numbers; there must be 1 to {MOST_NUMBERS}")
        object.__setattr__(self, "digest", hashlib.sha256(self.spelled()).digest())

    def spelled(self) -> bytes:
        """The canonical JSON that is hashed."""
        return canonical_json.encode(
            {
                "format": 1,
                "run": self.run,
                "round": self.round,
                "intent_sha256": self.intent_sha256,
                "registry_root": self.registry_root,
                "size": self.size,
                "parameters": spell(self.parameters),
            }
        )
