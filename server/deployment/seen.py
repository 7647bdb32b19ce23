"""How much of the log a device may have seen last, so that it can be sent a proof from there.

A device remembers the checkpoint of the last round that it was debited for. It is not asked for it, which would take
another message and tell more than an update or `declined`. Instead the sizes that it was given since the last update
that arrived are remembered here, and a proof from each of them is sent: one of these sizes is the device's, unless it
was restored from an old copy or this file was lost. Then it asks the distribution service.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from shared_model.durable import write_atomically

MOST = 8
"""Sizes a device: it was asked more often than that without an answer, or the proof is fetched."""


@dataclass(slots=True)
class Seen:
    """By registration number, ascending sizes. A convenience: nothing rests on it being true."""

    _sizes: dict[int, list[int]] = field(default_factory=dict)

    def of(self, number: int) -> list[int]:
        """What the device may have seen last."""
        return list(self._sizes.get(number, ()))

    def given(self, numbers: Iterable[int], size: int) -> None:
        """These are being sent a checkpoint of `size`. The oldest is kept: a device that declines saw nothing since."""
        for number in numbers:
            before = [each for each in self._sizes.get(number, ()) if each != size]
            kept = before if len(before) < MOST else [before[0], *before[2:]]
            self._sizes[number] = [*kept, size]

    def answered(self, number: int, size: int) -> None:
        """An update arrived of the round with this checkpoint."""
        self._sizes[number] = [size]

    def save(self, folder: Path) -> None:
        """Atomically."""
        write_atomically(_file(folder), json.dumps({str(key): sizes for key, sizes in self._sizes.items()}).encode())


def read_seen(folder: Path) -> Seen:
    """Nothing where it is missing or damaged."""
    try:
        held = json.loads(_file(folder).read_bytes())
        return Seen({int(number): [int(size) for size in sizes] for number, sizes in held.items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return Seen()


def _file(folder: Path) -> Path:
    return folder / "seen.json"
