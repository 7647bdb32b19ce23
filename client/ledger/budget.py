"""What a device has spent and what is left, in numbers for its owner. Unknown is no: then all of it is spent."""

import math
import time
from dataclasses import dataclass
from pathlib import Path

from client.ledger.ledger import Busy, open_ledger
from client.ledger.mirror import Mirror
from shared_model.books.ledger_law import log_key_of, opened_of
from shared_model.books.spending import spent, spent_in
from shared_model.errors import Refused
from shared_model.privacy.spent import PrivacySpent


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """spent: with delta, unit, relation and trust, None where the ledger cannot be read, and `fault` says why;
    epsilons at the ledger's delta; caps None: bound by the number of rounds alone; month: such as "2026-11".
    """

    spent: PrivacySpent | None
    epsilon_cap: float | None
    epsilon_month: float
    monthly_cap: float | None
    month: str
    participations: int
    max_participations: int
    joined: bool
    fault: str | None = None

    @property
    def epsilon_left(self) -> float | None:
        """What the life's cap leaves, at least 0; None where there is no cap."""
        if self.spent is None:
            return 0.0
        assert self.spent.epsilon is not None
        return None if self.epsilon_cap is None else max(0.0, self.epsilon_cap - self.spent.epsilon)

    def as_json(self) -> dict[str, object]:
        """For `budget --json`; an infinite epsilon is the text "infinite"."""
        kind = self.spent
        return {
            "epsilon_spent": "infinite" if kind is None else _json(kind.epsilon),
            "epsilon_left": _json(self.epsilon_left),
            "epsilon_cap": _json(self.epsilon_cap),
            "delta": None if kind is None else kind.delta,
            "unit": None if kind is None else kind.unit.value,
            "relation": None if kind is None else kind.relation.value,
            "adversary": None if kind is None else kind.adversary.value,
            "mechanism": None if kind is None else kind.mechanism,
            "month": self.month,
            "epsilon_month": _json(self.epsilon_month),
            "monthly_cap": _json(self.monthly_cap),
            "participations": self.participations,
            "max_participations": self.max_participations,
            "joined": self.joined,
            "counted_by": "this device",
            "fault": self.fault,
        }


def month_at(now_s: float) -> str:
    """The month, in UTC, that a round at Unix second `now_s` counts to: such as "2026-11"."""
    return time.strftime("%Y-%m", time.gmtime(now_s))


def read_budget(path: Path, *, key: bytes, mirror: Mirror, month: str) -> Budget:
    """By the ledger in `path`; where it is missing, damaged, forged or rolled back, everything counts as spent.

    Raises Busy where another process has it.
    """
    try:
        with open_ledger(path, key=key, mirror=mirror) as ledger:
            entries = ledger.entries
    except Busy:
        raise
    except Refused as refusal:
        return Budget(
            spent=None,
            epsilon_cap=None,
            epsilon_month=math.inf,
            monthly_cap=None,
            month=month,
            participations=0,
            max_participations=0,
            joined=False,
            fault=str(refusal),
        )
    opened, so_far = opened_of(entries), spent(entries)
    return Budget(
        spent=so_far,
        epsilon_cap=opened.device_cap,
        epsilon_month=spent_in(entries, month),
        monthly_cap=opened.monthly_cap,
        month=month,
        participations=so_far.rounds,
        max_participations=opened.max_participations,
        joined=log_key_of(entries) is not None,
    )


def _json(value: float | None) -> float | str | None:
    return "infinite" if value is not None and math.isinf(value) else value
