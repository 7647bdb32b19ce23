"""What came of an import, in numbers."""

from collections import Counter
from dataclasses import dataclass, field

from client.ingest.entry import Duplicate, Malformed, Skipped

SHOWN_FAULTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """Each entry that was read is counted once.

    skipped: by reason; malformed: entries that could not be read, and files of which the rest could not; faults: the
    first 20 of those, as sentences that hold nothing of the entries.
    """

    imported: int
    duplicate: int
    skipped: dict[str, int]
    malformed: int
    faults: tuple[str, ...]

    @property
    def read(self) -> int:
        """All of them."""
        return self.imported + self.duplicate + sum(self.skipped.values()) + self.malformed


@dataclass(slots=True)
class Tally:
    """Counts as they grow. name: of the format, with which each fault begins."""

    name: str
    imported: int = 0
    duplicate: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    malformed: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, entry: Skipped | Duplicate | Malformed) -> None:
        """Count what is no listen."""
        if isinstance(entry, Skipped):
            self.skipped[entry.reason.value] += 1
        elif isinstance(entry, Duplicate):
            self.duplicate += 1
        else:
            self.malformed += 1
            if len(self.faults) < SHOWN_FAULTS:
                self.faults.append(f"{self.name}: {entry}")

    def counts(self) -> ImportCounts:
        """As they are now."""
        return ImportCounts(
            imported=self.imported,
            duplicate=self.duplicate,
            skipped=dict(sorted(self.skipped.items())),
            malformed=self.malformed,
            faults=tuple(self.faults),
        )
