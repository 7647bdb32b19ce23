"""A privacy loss with everything that gives it a meaning: an epsilon never travels alone.

Numbers of different kinds (delta apart: unit, neighbouring relation, adversary) cannot be added or compared.
"""

import math
from dataclasses import dataclass
from enum import Enum


class Unit(Enum):
    """What one neighbouring data set has more or less of."""

    DEVICE = "device"
    EXAMPLE = "example"  # one training window, the rest of the history fixed


class Relation(Enum):
    """How neighbouring data sets differ in one unit."""

    ADD_OR_REMOVE_ONE = "add-or-remove-one"
    REPLACE_ONE = "replace-one"
    ZERO_OUT = "zero-out"  # its update becomes zero; the cohort it was in stays visible

    @property
    def of_a_device(self) -> "Relation":
        """What a device counts under itself: its cohorts are known to it, so that nothing hides a changed update, and
        only replace-one promises more than zero-out."""
        return Relation.REPLACE_ONE if self is Relation.REPLACE_ONE else Relation.ZERO_OUT


class Adversary(Enum):
    """Whom the guarantee holds against."""

    RELEASE_READER = "release reader"
    SERVER = "server"


class Trust(Enum):
    """Who adds the noise, and so who is trusted to add it."""

    CENTRAL = "central"
    DISTRIBUTED = "distributed"
    LOCAL = "local"


class Sampling(Enum):
    """How a round's cohort is drawn."""

    POISSON = "poisson"
    FIXED_SIZE = "fixed size"  # drawn without replacement
    FULL_PARTICIPATION = "full participation"
    NONE = "none"  # who is in a round may be seen: no amplification


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacySpent:
    """(epsilon, delta) against one adversary, for one unit and relation, after `rounds` rounds.

    epsilon: at least 0; infinite where nothing is promised, None where no accountant covers the mechanism. Both of
    these need a `reason`, and a finite epsilon has none. delta: 0 <= delta < 1.
    accountant: how it was computed, as "PLD", "RDP" or "exact Gaussian composition".

    Raises ValueError on anything else. Adding is basic composition (epsilons and deltas add); adding or comparing
    kinds that differ, or comparing at different deltas, raises TypeError.
    """

    epsilon: float | None
    delta: float
    unit: Unit
    relation: Relation
    adversary: Adversary
    mechanism: str
    rounds: int
    accountant: str
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.epsilon is not None and not self.epsilon >= 0:
            raise ValueError(f"privacy spent: epsilon is {self.epsilon}; it must be 0 or more, or None")
        if not 0 <= self.delta < 1:
            raise ValueError(f"privacy spent: delta is {self.delta}; it must lie in [0, 1)")
        if self.rounds < 0:
            raise ValueError(f"privacy spent: {self.rounds} rounds; it must be 0 or more")
        if (self.reason is None) != (self.epsilon is not None and math.isfinite(self.epsilon)):
            raise ValueError(f"privacy spent: epsilon {self.epsilon} with reason {self.reason!r}")

    def __str__(self) -> str:
        if self.epsilon is None:
            return f"epsilon not known: {self.reason}"
        number = f"{self.epsilon:.3f}" if math.isfinite(self.epsilon) else f"infinite ({self.reason})"
        return (
            f"epsilon {number} at delta {self.delta:.3g}, unit {self.unit.value}, {self.relation.value}, "
            f"against the {self.adversary.value}, {self.rounds} rounds of {self.mechanism}, {self.accountant}"
        )

    def __lt__(self, other: "PrivacySpent") -> bool:
        ours, theirs = _comparable(self, other)
        return ours < theirs

    def __le__(self, other: "PrivacySpent") -> bool:
        ours, theirs = _comparable(self, other)
        return ours <= theirs

    def __add__(self, other: "PrivacySpent") -> "PrivacySpent":
        ours, theirs = _same_kind(self, other)
        return PrivacySpent(
            epsilon=ours + theirs,
            delta=min(self.delta + other.delta, math.nextafter(1, 0)),
            unit=self.unit,
            relation=self.relation,
            adversary=self.adversary,
            mechanism=self.mechanism if self.mechanism == other.mechanism else f"{self.mechanism}; {other.mechanism}",
            rounds=self.rounds + other.rounds,
            accountant="basic composition",
            reason=self.reason or other.reason,
        )


def _same_kind(ours: PrivacySpent, theirs: PrivacySpent) -> tuple[float, float]:
    """Both epsilons. Raises TypeError where the two numbers do not mean the same thing."""
    for field in ("unit", "relation", "adversary"):
        left, right = getattr(ours, field), getattr(theirs, field)
        if left is not right:
            raise TypeError(f"privacy spent: {field} {left.value} and {right.value} cannot be added or compared")
    if ours.epsilon is None or theirs.epsilon is None:
        raise TypeError(f"privacy spent: an epsilon is not known ({ours.reason or theirs.reason})")
    return ours.epsilon, theirs.epsilon


def _comparable(ours: PrivacySpent, theirs: PrivacySpent) -> tuple[float, float]:
    if ours.delta != theirs.delta:
        raise TypeError(f"privacy spent: epsilons at delta {ours.delta} and {theirs.delta} cannot be compared")
    return _same_kind(ours, theirs)
