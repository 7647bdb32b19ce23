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

FIRST, LATEST = 8, 8
"""Sizes a device that are kept: those after its last answer, in case it was killed and is away since, and the newest,
in case it declined until now. For what lies between them the proof is fetched."""


@dataclass(slots=True)
class Seen:
    """By registration number, ascending sizes. A convenience: nothing rests on it being true."""

    _sizes: dict[int, list[int]] = field(default_factory=dict)

    def of(self, number: int) -> list[int]:
        """What the device may have seen last."""
        return list(self._sizes.get(number, ()))

    def given(self, numbers: Iterable[int], size: int) -> None:
        """These are being sent a checkpoint of `size`."""
        for number in numbers:
            sizes = [*(each for each in self._sizes.get(number, ()) if each != size), size]
            self._sizes[number] = sizes[:FIRST] + sizes[FIRST:][-LATEST:]

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
