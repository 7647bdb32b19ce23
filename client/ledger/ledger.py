"""The ledger file: one row a line, appended and synced, and never under-counted by a kill at any moment.

A row is written in this order: line, sync, mirror, sync, and only then does the caller go on to train. Killed before
the line was whole, nothing was promised, and its beginning is cut off when the file is opened next. Killed before the
mirror, the file is one row ahead of it: the row counts. A file that is behind its mirror was rolled back: unknown is
no.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from client.ledger.mirror import Mirror
from shared_model.books import chain
from shared_model.books.entries import Assumed, Debit, Entry, Opened, Restored
from shared_model.books.ledger_law import last_seen, law_after, log_key_of, participations
from shared_model.books.round_log import Intent
from shared_model.books.spending import require_allowed
from shared_model.durable import write_atomically
from shared_model.errors import BadInput, Refused


class Busy(Refused):
    """Another process has the ledger, in a round for instance: nothing is known of it now, and nothing is amiss."""


class Ledger:
    """An opened, locked and verified ledger. `open_ledger` and `restore` make one."""

    def __init__(
        self, descriptor: int, lines: Sequence[bytes], rows: Sequence[chain.Row], *, key: bytes, mirror: Mirror
    ) -> None:
        self._descriptor, self._key, self._mirror = descriptor, key, mirror
        self._lines = list(lines)
        self._entries = [row.entry for row in rows]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What the rows say, in their order."""
        return tuple(self._entries)

    def debit(self, debit: Debit) -> None:
        """Spend one round. It is on disk when this returns, whatever happens to the training, and is never refunded.

        Raises Refused, with nothing written, where the device's own plan does not allow it.
        """
        require_allowed(self.entries, debit)
        self.append(debit)

    def append(self, entry: Entry) -> None:
        """Write one row; line and mirror are synced when this returns. Raises ValueError where it breaks the law."""
        breach = law_after(self._entries).breach(entry)
        if breach is not None:
            raise ValueError(f"ledger: the next row {breach}")
        line = chain.append(self._lines, entry, key=self._key)
        if not _written(self._descriptor, line + b"\n"):
            _cut_torn_line(self._descriptor, self._lines)
            raise Refused("ledger: the disk is full, so that nothing can be debited; make room and try again")
        self._lines.append(line)  # it may reach the disk from here on, so that it counts
        self._entries.append(entry)
        os.fsync(self._descriptor)
        self._mirror.write(chain.mirror_of(self._lines))


def create_ledger(path: Path, opened: Opened, *, key: bytes, mirror: Mirror) -> None:
    """Begin a device's ledger. Raises Refused where there is one already, or was one that debited anything.

    The mirror comes first: killed before the file, the mirror knows of nothing but an opened ledger, and it can be
    opened anew.
    """
    mirrored = mirror.read()
    if path.exists() or (mirrored is not None and mirrored.counter > 1):
        raise Refused(f"ledger: {path.name} exists, or did; a ledger is never begun twice. Restore it instead")
    line = chain.append([], opened, key=key)
    mirror.write(chain.mirror_of([line]))
    write_atomically(path, line + b"\n")


@contextmanager
def open_ledger(path: Path, *, key: bytes, mirror: Mirror) -> Iterator[Ledger]:
    """The ledger, locked until the context ends.

    Raises Busy where another process has it, and Refused where it is missing, damaged, forged or rolled back: then the
    budget counts as spent.
    """
    with _locked(path) as descriptor:
        lines = _whole_lines(descriptor)
        mirrored = mirror.read()
        if mirrored is None:
            raise Refused("ledger: its mirror is missing; the budget counts as spent until the ledger is restored")
        rows = chain.read_rows(lines, key=key, mirrored=mirrored)
        _cut_torn_line(descriptor, lines)
        if mirrored.counter < len(lines):
            mirror.write(chain.mirror_of(lines))
        yield Ledger(descriptor, lines, rows, key=key, mirror=mirror)


def restore(
    path: Path,
    *,
    key: bytes,
    mirror: Mirror,
    logged: Iterable[tuple[int, Intent]],
    size: int,
    root: bytes,
    month: str | None = None,
) -> None:
    """Take up a ledger that came from an old copy (privacy requirement 32).

    Every round announced since the last checkpoint in it counts as taken part in. logged: intents of the public log
    by their index, of a log whose `size` and `root` were verified and which extends that checkpoint; month: of the
    device's clock, which those rounds count to. Raises Refused where the rows
    that are left are not authentic: then the device is enrolled anew.
    """
    with _locked(path) as descriptor:
        lines = _whole_lines(descriptor)
        mirrored = mirror.read()
        rows = chain.read_rows(lines, key=key, mirrored=None)
        _cut_torn_line(descriptor, lines)
        ledger = Ledger(descriptor, lines, rows, key=key, mirror=mirror)
        if log_key_of(ledger.entries) is None:
            raise Refused("ledger: its rounds were not logged, so that none can be counted anew; enrol the device anew")
        seen = last_seen(ledger.entries)
        since = seen.size if seen else 0
        if size < since:
            raise BadInput(f"round log: {size} leaves, and the ledger has seen {since}; fetch the whole log")
        known = {(each.run, each.round) for each in participations(ledger.entries)}
        assumed = tuple(
            Assumed(
                run=intent.run,
                round=intent.round,
                noise_multiplier=intent.noise_multiplier,
                relation=intent.epsilon_after.relation.of_a_device,
                trust=intent.epsilon_after.trust,
            )
            for index, intent in sorted(logged, key=lambda each: each[0])
            if since <= index < size and (intent.run, intent.round) not in known
        )
        had = mirrored.counter if mirrored else len(lines)
        ledger.append(Restored(mirrored_rows=had, size=size, root=root.hex(), assumed=assumed, month=month))


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    except OSError as error:
        raise Refused(
            f"ledger: {path.name} cannot be opened ({error.strerror}); the budget counts as spent. "
            "Restore it against the round log, or enrol the device anew"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise Busy(f"ledger: another process has {path.name}; try again when it has ended") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)  # which unlocks it


def _written(descriptor: int, content: bytes) -> bool:
    try:
        return os.write(descriptor, content) == len(content)
    except OSError:
        return False


def _whole_lines(descriptor: int) -> list[bytes]:
    """All but a last line without its newline, which was never promised to anybody."""
    content = b""
    while piece := os.pread(descriptor, 1 << 20, len(content)):
        content += piece
    return content.split(b"\n")[:-1]


def _cut_torn_line(descriptor: int, lines: Sequence[bytes]) -> None:
    whole = sum(len(line) + 1 for line in lines)
    if os.fstat(descriptor).st_size > whole:
        os.ftruncate(descriptor, whole)
        os.fsync(descriptor)
