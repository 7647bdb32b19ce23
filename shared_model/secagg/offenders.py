"""Devices that said what no honest device says, round by round: who did so too often is not invited again."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from shared_model.durable import write_atomically

OFFENCES = 3
"""A broken update of the app deserves to be mended; whoever means it is out after as many rounds."""


@dataclass(slots=True)
class Offenders:
    """How many rounds each device, by registration number, has harmed or tried to. It is the coordinator's alone."""

    _rounds: dict[int, int] = field(default_factory=dict)

    def record(self, numbers: Iterable[int]) -> None:
        """Of one round."""
        for number in numbers:
            self._rounds[number] = self._rounds.get(number, 0) + 1

    def may_be_invited(self, number: int) -> bool:
        """Until it has offended in `OFFENCES` rounds."""
        return self._rounds.get(number, 0) < OFFENCES

    def save(self, file: Path) -> None:
        """Atomically."""
        write_atomically(file, json.dumps({str(number): rounds for number, rounds in self._rounds.items()}).encode())


def read_offenders(file: Path) -> Offenders:
    """Nobody where it is missing or damaged: they are caught again, and a round does not wait for it."""
    try:
        return Offenders({int(number): int(rounds) for number, rounds in json.loads(file.read_bytes()).items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return Offenders()
