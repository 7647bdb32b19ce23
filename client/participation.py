"""A device's own count of the rounds it took part in: debited, and on disk, before anything is trained.

Unknown is no: where the ledger is missing or cannot be read, the device declines.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from shared_model.durable import write_atomically
from shared_model.errors import BadInput
from shared_model.privacy.plan import PrivacyPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    """taken_part: rounds that were debited; last_round: the latest of them, 0 before the first."""

    taken_part: int
    last_round: int

    def __post_init__(self) -> None:
        if not 0 <= self.taken_part <= self.last_round:
            raise BadInput(f"ledger: {self.taken_part} rounds up to round {self.last_round} cannot be")

    def as_json(self) -> bytes:
        """What a ledger holds."""
        return _FORMAT.dump_json(self)


_FORMAT = TypeAdapter(Participation)


def read_participation(ledger: Path) -> Participation:
    """Raises BadInput where the ledger is missing or damaged."""
    try:
        return _FORMAT.validate_json(ledger.read_bytes(), strict=True)
    except (OSError, ValidationError) as error:
        raise BadInput(
            f"ledger: {ledger.name} cannot be read; this device declines until it is enrolled anew"
        ) from error


def debit(ledger: Path, round_number: int, *, plan: PrivacyPlan) -> bool:
    """Whether the device may train in this round; if so, it has been debited for it.

    The debit is on disk when this returns. A round is answered once: whoever asks for it again, with other parameters
    perhaps, is declined, and so is an earlier round and every round beyond the plan's limit. A device that was killed
    after the debit has spent it. Raises BadInput as `read_participation` does.
    """
    before = read_participation(ledger)
    if round_number <= before.last_round or not plan.may_participate(before.taken_part):
        return False
    after = Participation(taken_part=before.taken_part + 1, last_round=round_number)
    write_atomically(ledger, after.as_json())
    return True
