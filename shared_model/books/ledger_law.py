"""What the rows of a device's ledger must obey, in their order."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared_model.books.entries import Assumed, CheckpointSeen, Debit, Entry, Opened, Restored


@dataclass(slots=True)
class LedgerLaw:
    """Takes the entries one by one and says what is wrong with the next, given those before it.

    The ledger is opened once, first. A run's rounds are debited in ascending order, each once. Checkpoints never
    shrink, and no round that was announced before the last checkpoint is debited after it: so the rounds that a lost
    end of the file may have held are all announced after the last checkpoint in what is left. With a log key in its
    first row every debit has a place in that log.
    """

    _opened: Opened | None = None
    _size: int = 0
    _latest: dict[str, int] = field(default_factory=dict)

    def breach(self, entry: Entry) -> str | None:
        """What is wrong with `entry`, in words, or None; then it counts as written."""
        if isinstance(entry, Opened):
            if self._opened is not None:
                return "opens the ledger once more"
            self._opened = entry
            return None
        if self._opened is None:
            return "comes before the ledger was opened"
        if isinstance(entry, Debit):
            if self._opened.log_key_sha256 is not None and entry.log_index is None:
                return f"debits round {entry.round}, which has no place in the round log"
            return self._debit_breach(entry)
        if entry.size < self._size:
            return f"has seen a log of {entry.size} leaves after one of {self._size}"
        self._size = entry.size
        if isinstance(entry, Restored):
            for assumed in entry.assumed:
                self._latest[assumed.run] = max(assumed.round, self._latest.get(assumed.run, 0))
        return None

    def _debit_breach(self, debit: Debit) -> str | None:
        latest = self._latest.get(debit.run, 0)
        if debit.round <= latest:
            return f"debits round {debit.round} after round {latest} of the same run"
        if debit.log_index is not None and debit.log_index < self._size:
            return f"debits round {debit.round}, which was announced before the last checkpoint seen"
        self._latest[debit.run] = debit.round
        return None


def law_after(entries: Iterable[Entry]) -> LedgerLaw:
    """The law for what follows `entries`, which obey it."""
    law = LedgerLaw()
    for entry in entries:
        law.breach(entry)
    return law


def participations(entries: Iterable[Entry]) -> list[Debit | Assumed]:
    """Every round that counts as taken part in."""
    found: list[Debit | Assumed] = []
    for entry in entries:
        if isinstance(entry, Debit):
            found.append(entry)
        elif isinstance(entry, Restored):
            found.extend(entry.assumed)
    return found


def opened_of(entries: Iterable[Entry]) -> Opened:
    """The first entry of a ledger that obeys the law."""
    return next(entry for entry in entries if isinstance(entry, Opened))


def last_seen(entries: Iterable[Entry]) -> CheckpointSeen | Restored | None:
    """The last entry that has seen the log, or None before the first."""
    seen = None
    for entry in entries:
        if isinstance(entry, CheckpointSeen | Restored):
            seen = entry
    return seen
