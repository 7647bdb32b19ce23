"""What one entry of an export comes to: a listen, or why it is none. No message holds anything of the entry itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from client.ingest.export_file import Unreadable
from shared_model.errors import BadInput
from shared_model.listen import Listen


class Reason(StrEnum):
    """Why an entry in good order is not imported."""

    INCOGNITO = "incognito"
    PODCAST = "podcast"
    AUDIOBOOK = "audiobook"
    VIDEO = "video"
    NO_TRACK = "no track"
    NOT_PLAYED = "not played"
    NOW_PLAYING = "now playing"
    OTHER_LISTENER = "other listener"
    FEEDBACK = "love or hate, no play"


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that is not a play of a track, or one that the listener kept private."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An entry that the same file held before; only what the stored listen cannot show is told so by a parser."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """An entry, or the rest of a file, that cannot be read.

    place: `entry 4127 of NAME`, `line 3 of NAME` or `NAME`; why: goes on from there (`has no 'ts'`).
    """

    place: str
    why: str

    def __str__(self) -> str:
        return f"{self.place} {self.why}"


Row = TypeVar("Row")
Entry = Listen | Skipped | Duplicate | Malformed


class Fault(Exception):
    """Raised by a format for one entry; its message goes on after the entry's place (`has no 'ts'`)."""


def entries_of(
    rows: Iterator[tuple[int, Row]], read: Callable[[Row], Entry], *, unit: str, file_name: str
) -> Iterator[Entry]:
    """Each row read on its own, so that a bad one costs only itself; a row that never comes ends the file.

    unit: what is counted, "entry" or "line".
    """
    number = 0
    try:
        for number, row in rows:
            try:
                yield read(row)
            except Fault as fault:
                yield Malformed(f"{unit} {number} of {file_name}", str(fault))
            except BadInput as error:
                yield Malformed(f"{unit} {number} of {file_name}", f"is no {error}")
    except Unreadable as error:
        yield Malformed(file_name, f"{error} after {unit} {number}; the rest of it was not read")
