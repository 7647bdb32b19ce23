"""What the rows of a device's ledger must obey, in their order."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared_model.books.entries import Assumed, CheckpointSeen, Debit, Entry, Joined, Opened, Restored


@dataclass(slots=True)
class LedgerLaw:
    """Takes the entries one by one and says what is wrong with the next, given those before it.

    The ledger is opened once, first. A run's rounds are debited in ascending order, each once. Checkpoints of one log
    never shrink, and no round that was announced before the last checkpoint is debited after it: so the rounds that a
    lost end of the file may have held are all announced after the last checkpoint in what is left. Once a federation
    was joined every debit has a place in its log. Months never go back, and with a monthly cap each debit has one.
    """

    _opened: Opened | None = None
    _log: str | None = None
    _size: int = 0
    _month: str = ""
    _latest: dict[tuple[str | None, str], int] = field(default_factory=dict)

    def breach(self, entry: Entry) -> str | None:
        """What is wrong with `entry`, in words, or None; then it counts as written."""
        if isinstance(entry, Opened):
            if self._opened is not None:
                return "opens the ledger once more"
            self._opened = entry
            return None
        if self._opened is None:
            return "comes before the ledger was opened"
        if isinstance(entry, Joined):
            if entry.log_key_sha256 != self._log:
                self._log, self._size = entry.log_key_sha256, 0
            return None
        if isinstance(entry, Debit):
            if self._log is not None and entry.log_index is None:
                return f"debits round {entry.round}, which has no place in the round log"
            return self._month_breach(entry.month) or self._debit_breach(entry)
        if entry.size < self._size:
            return f"has seen a log of {entry.size} leaves after one of {self._size}"
        if isinstance(entry, Restored):
            breach = self._month_breach(entry.month)
            if breach is not None:
                return breach
            for assumed in entry.assumed:
                run = (self._log, assumed.run)
                self._latest[run] = max(assumed.round, self._latest.get(run, 0))
        self._size = entry.size
        return None

    def _month_breach(self, month: str | None) -> str | None:
        if month is None:
            capped = self._opened is not None and self._opened.monthly_cap is not None
            return "names no month, and this ledger has a cap for each" if capped else None
        if month < self._month:
            return f"is of {month}, after one of {self._month}: set the clock right"
        self._month = month
        return None

    def _debit_breach(self, debit: Debit) -> str | None:
        run = (self._log, debit.run)
        latest = self._latest.get(run, 0)
        if debit.round <= latest:
            return f"debits round {debit.round} after round {latest} of the same run"
        if debit.log_index is not None and debit.log_index < self._size:
            return f"debits round {debit.round}, which was announced before the last checkpoint seen"
        self._latest[run] = debit.round
        return None


def law_after(entries: Iterable[Entry]) -> LedgerLaw:
    """The law for what follows `entries`, which obey it."""
    law = LedgerLaw()
    for entry in entries:
        law.breach(entry)
    return law


def participations(entries: Iterable[Entry]) -> list[Debit | Assumed]:
    """Every round that counts as taken part in."""
    return [each for _, each in months_of(entries)]


def opened_of(entries: Iterable[Entry]) -> Opened:
    """The first entry of a ledger that obeys the law."""
    return next(entry for entry in entries if isinstance(entry, Opened))


def log_key_of(entries: Iterable[Entry]) -> str | None:
    """Hash of the key that signs the log of the federation that was joined last, or None."""
    key = None
    for entry in entries:
        if isinstance(entry, Joined):
            key = entry.log_key_sha256
    return key


def last_seen(entries: Iterable[Entry]) -> CheckpointSeen | Restored | None:
    """The last entry that has seen the log of the federation that was joined last, or None before the first."""
    seen, key = None, None
    for entry in entries:
        if isinstance(entry, CheckpointSeen | Restored):
            seen = entry
        elif isinstance(entry, Joined) and entry.log_key_sha256 != key:
            seen, key = None, entry.log_key_sha256
    return seen


def months_of(entries: Iterable[Entry]) -> list[tuple[str | None, Debit | Assumed]]:
    """Every round that counts as taken part in, with the month that it counts to."""
    found: list[tuple[str | None, Debit | Assumed]] = []
    for entry in entries:
        if isinstance(entry, Debit):
            found.append((entry.month, entry))
        elif isinstance(entry, Restored):
            found.extend((entry.month, assumed) for assumed in entry.assumed)
    return found
