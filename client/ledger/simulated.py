"""The ledgers of simulated devices in a workspace: real ones, under keys that are no secret, of unlogged rounds."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from client.ledger.ledger import Ledger, open_ledger
from client.ledger.mirror import FileMirror, mirror_content
from shared_model.books.chain import append, mirror_of
from shared_model.books.entries import Debit, Entry, Opened
from shared_model.privacy.plan import PrivacyPlan

RUN = "simulated"
"""A workspace lives for one run, and its messages name none."""


def simulated_debit(round_number: int, *, plan: PrivacyPlan) -> Debit:
    """One round of the plan."""
    return Debit(
        run=RUN,
        round=round_number,
        intent_sha256=None,
        log_index=None,
        noise_multiplier=plan.noise_multiplier,
        relation=plan.device_relation,
        trust=plan.trust,
    )


def write_simulated_ledger(path: Path, rounds: Iterable[int], *, plan: PrivacyPlan) -> None:
    """A ledger that was debited for `rounds`, before anyone is told of it."""
    opened = Opened(
        device_cap=plan.device_cap,
        delta=plan.delta,
        max_participations=plan.max_participations,
    )
    entries: list[Entry] = [opened, *(simulated_debit(number, plan=plan) for number in rounds)]
    lines: list[bytes] = []
    for entry in entries:
        lines.append(append(lines, entry, key=_key(path)))
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    _mirror(path).path.write_bytes(mirror_content(mirror_of(lines)))


@contextmanager
def open_simulated_ledger(path: Path) -> Iterator[Ledger]:
    """As `open_ledger`."""
    with open_ledger(path, key=_key(path), mirror=_mirror(path)) as ledger:
        yield ledger


def _key(path: Path) -> bytes:
    return hashlib.sha256(b"sottovoce simulated device\n" + path.stem.encode()).digest()


def _mirror(path: Path) -> FileMirror:
    return FileMirror(path.with_suffix(".mirror"))
