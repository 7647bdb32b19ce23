"""What a deployed round sends to a device beside its parameters: one flat record of an allow-list of fields.

Whatever a device is to go by that the public log does not hold is here, and the device has limits of its own for it.
Flower's records hold numbers, text, bytes and lists of these; this is the same without Flower.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from shared_model import canonical_json
from shared_model.books.gate import LogProof
from shared_model.books.merkle import HASH_BYTES
from shared_model.books.spelling import spell
from shared_model.errors import BadInput
from shared_model.training.local_update import LocalTraining

_MOST_PROOF_BYTES = 64 * HASH_BYTES
"""A proof of a tree of 2^64 leaves is no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How a device learns in a round.

    release: SHA-256 of the file that all start from; rank, seed: of the adapter (`shared_model.head.adapter`), which
    give the released parameters their meaning; examples: the nominal number, public and the same for all; candidates:
    of each.
    """

    release: str
    training: LocalTraining
    rank: int
    seed: int
    examples: int
    candidates: int

    @property
    def sha256(self) -> str:
        """Of all of it, as the round's intent announces it: no device is told to learn otherwise than the others."""
        return hashlib.sha256(canonical_json.encode(spell(self))).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundInvitation:
    """deadline_s: Unix seconds, after which an answer counts no more; leaf .. inclusion: as in `LogProof`.

    consistency: by the size of the log that a device may have seen last, that it is a beginning of this one.
    """

    deadline_s: int
    learning: Learning
    leaf: bytes
    index: int
    checkpoint: bytes
    inclusion: tuple[bytes, ...]
    consistency: Mapping[int, tuple[bytes, ...]]

    def proof(self, *, seen: int, fetched: tuple[bytes, ...] | None = None) -> LogProof:
        """For a device that saw the log at size `seen`; fetched: used where the invitation has no proof from there.

        Without any the proof is empty, which proves nothing but for a log seen for the first time.
        """
        return LogProof(
            leaf=self.leaf,
            index=self.index,
            checkpoint=self.checkpoint,
            inclusion=self.inclusion,
            consistency=self.consistency.get(seen, fetched or ()),
        )

    def as_fields(self) -> dict[str, Any]:
        """The record."""
        learning = self.learning
        return {
            "deadline_s": self.deadline_s,
            "release": learning.release,
            "learning_rate": learning.training.learning_rate,
            "batch_size": learning.training.batch_size,
            "epochs": learning.training.epochs,
            "rank": learning.rank,
            "seed": learning.seed,
            "examples": learning.examples,
            "candidates": learning.candidates,
            "leaf": self.leaf,
            "index": self.index,
            "checkpoint": self.checkpoint,
            "inclusion": b"".join(self.inclusion),
            "consistency_from": list(self.consistency),
            "consistency": [b"".join(proof) for proof in self.consistency.values()],
        }


_TYPES: dict[str, type] = {
    **dict.fromkeys(("deadline_s", "batch_size", "epochs", "rank", "seed", "examples", "candidates", "index"), int),
    **dict.fromkeys(("leaf", "checkpoint", "inclusion"), bytes),
    **dict.fromkeys(("consistency_from", "consistency"), list),
    "learning_rate": float,
    "release": str,
}
assert {field.name for field in fields(RoundInvitation)} - {"learning"} <= set(_TYPES)


def read_invitation(record: Mapping[str, Any]) -> RoundInvitation:
    """The inverse of `as_fields`. Raises BadInput for a field too many, one missing, or one of another kind."""
    if set(record) != set(_TYPES) or any(type(record[name]) is not kind for name, kind in _TYPES.items()):
        raise BadInput("invitation: it holds other fields than this version knows; nothing was done")
    sizes, proofs = record["consistency_from"], record["consistency"]
    if len(sizes) != len(proofs) or any(type(size) is not int for size in sizes):
        raise BadInput("invitation: its proofs do not belong to sizes of the log; nothing was done")
    training = LocalTraining(
        learning_rate=record["learning_rate"], batch_size=record["batch_size"], epochs=record["epochs"]
    )
    return RoundInvitation(
        deadline_s=record["deadline_s"],
        learning=Learning(
            release=record["release"],
            training=training,
            rank=record["rank"],
            seed=record["seed"],
            examples=record["examples"],
            candidates=record["candidates"],
        ),
        leaf=record["leaf"],
        index=record["index"],
        checkpoint=record["checkpoint"],
        inclusion=_hashes(record["inclusion"]),
        consistency={size: _hashes(proof) for size, proof in zip(sizes, proofs, strict=True)},
    )


def _hashes(joined: object) -> tuple[bytes, ...]:
    if not isinstance(joined, bytes) or len(joined) % HASH_BYTES or len(joined) > _MOST_PROOF_BYTES:
        raise BadInput("invitation: a proof in it is no list of hashes; nothing was done")
    return tuple(joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES))
