"""What a device writes into its ledger. Nothing here names a track, an answer or a count of either.

Hashes are SHA-256 in lower-case hexadecimal; epsilons are the device's own, never amplified by sampling.
"""

import math
import re
from dataclasses import dataclass

from shared_model.books.round_log import require_place
from shared_model.books.spelling import require_sha256
from shared_model.privacy.spent import Relation, Trust

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The first row: what this device may ever spend.

    device_cap: the epsilon at `delta` that it may spend in its life, and monthly_cap: within one month, None for no
    bound but `max_participations`.
    """

    device_cap: float | None
    delta: float
    max_participations: int
    monthly_cap: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.delta < 1 or self.max_participations < 0:
            raise ValueError(f"delta {self.delta} with max_participations {self.max_participations} cannot be")
        for name, cap in (("device_cap", self.device_cap), ("monthly_cap", self.monthly_cap)):
            if cap is not None and not 0 < cap < math.inf:
                raise ValueError(f"{name} is {cap}; it must be above 0 and finite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """From here on rounds are those of a federation, each with a place in its log. What was spent before stays spent.

    log_key_sha256: of the raw public key that the round log must be signed with.
    """

    log_key_sha256: str

    def __post_init__(self) -> None:
        require_sha256("log_key_sha256", self.log_key_sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleBudget:
    """What the training itself spends for the unit `example`: another unit, never added to the device's."""

    epsilon: float
    delta: float

    def __post_init__(self) -> None:
        if not (self.epsilon >= 0 and 0 <= self.delta < 1):
            raise ValueError(f"epsilon {self.epsilon} at delta {self.delta} cannot be")


@dataclass(frozen=True, slots=True, kw_only=True)
class Debit:
    """One round, written before training. There is no row that takes it back.

    intent_sha256 and log_index: leaf hash and index of the round's intent, both None where rounds are not logged;
    noise_multiplier: z, 0 where no noise is added; example: None without example-level noise; month: "2026-11", by the
    device's clock, None where months are not counted.
    """

    run: str
    round: int
    intent_sha256: str | None
    log_index: int | None
    noise_multiplier: float
    relation: Relation
    trust: Trust
    example: ExampleBudget | None = None
    month: str | None = None

    def __post_init__(self) -> None:
        require_place(self.run, self.round)
        require_sha256("intent_sha256", self.intent_sha256)
        _require_month(self.month)
        if (self.intent_sha256 is None) != (self.log_index is None) or (self.log_index or 0) < 0:
            raise ValueError("an intent has a hash and an index, or neither")
        if not 0 <= self.noise_multiplier < math.inf:
            raise ValueError(f"noise_multiplier is {self.noise_multiplier}; it must be 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSeen:
    """The log as the device last saw it. A round that was announced before it is never debited after it."""

    size: int
    root: str

    def __post_init__(self) -> None:
        require_sha256("root", self.root)
        if self.size < 0:
            raise ValueError(f"size is {self.size}; it must be 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """A logged round of which the device no longer knows whether it took part."""

    run: str
    round: int
    noise_multiplier: float
    relation: Relation
    trust: Trust

    def __post_init__(self) -> None:
        require_place(self.run, self.round)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The ledger came from an old copy: every round logged since its last checkpoint counts as taken part in.

    mirrored_rows: how many rows there had been; size and root: the log up to which rounds were counted; month: in
    which it was restored, and which its rounds count to.
    """

    mirrored_rows: int
    size: int
    root: str
    assumed: tuple[Assumed, ...]
    month: str | None = None

    def __post_init__(self) -> None:
        _require_month(self.month)
        require_sha256("root", self.root)
        if self.size < 0 or self.mirrored_rows < 0:
            raise ValueError("sizes must be 0 or more")


Entry = Opened | Joined | Debit | CheckpointSeen | Restored
KINDS: dict[str, type[Opened] | type[Joined] | type[Debit] | type[CheckpointSeen] | type[Restored]] = {
    "opened": Opened,
    "joined": Joined,
    "debit": Debit,
    "checkpoint": CheckpointSeen,
    "restored": Restored,
}


def _require_month(month: str | None) -> None:
    if month is not None and not _MONTH.fullmatch(month):
        raise ValueError(f"month is {month!r}; it must be a year and a month such as 2026-11")
