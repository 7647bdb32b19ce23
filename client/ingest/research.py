"""The Last.fm-1K research file (Celma 2010), or one listener's part of it: tab-separated lines without header.

`listener, start (ISO 8601, Z), artist mbid, artist, track mbid, title`, newest first. The track mbids are of 2009,
before MusicBrainz told tracks from recordings, so that they name recordings. The listener's name is
compared and never kept.
"""

from collections.abc import Iterator

from client.ingest.entry import Entry, Fault, Reason, Skipped, entries_of
from client.ingest.export_file import ExportFile, Unreadable
from client.ingest.fields import mbid, required, utc_s
from client.ingest.lines import lines, whole
from shared_model.errors import BadInput
from shared_model.listen import Listen

_COLUMNS = ("listener", "start", "artist mbid", "artist", "track mbid", "title")


def recognises(file: ExportFile) -> bool:
    """By its first line: six cells, a time in the second."""
    cells = file.head().partition("\n")[0].rstrip("\r").split("\t")
    try:
        return len(cells) == len(_COLUMNS) and utc_s(cells[1], "start") > 0
    except Fault:
        return False


def parse(file: ExportFile) -> Iterator[Entry]:
    """The plays of `file.listener`, or of the only one there is.

    Raises BadInput, before the first entry, where there are several and none was chosen.
    """
    if file.listener is None and _holds_several(file):
        raise BadInput(f"research: {file.name} holds plays of several listeners; say with --user whose are yours")
    return entries_of(lines(file), lambda line: _play(whole(line), file.listener), unit="line", file_name=file.name)


def _holds_several(file: ExportFile) -> bool:
    first: str | None = None
    uncounted = ExportFile(name=file.name, size_bytes=file.size_bytes, opened=file.opened)
    try:
        for _, line in lines(uncounted):
            listener, tab, _ = (line or "").partition("\t")
            first = listener if first is None and tab else first
            if tab and listener != first:
                return True
    except Unreadable:
        pass  # parsing it will say so
    return False


def _play(line: str, listener: str | None) -> Entry:
    cells = line.split("\t")
    if len(cells) != len(_COLUMNS):
        raise Fault(f"does not have {len(_COLUMNS)} cells")
    entry = dict(zip(_COLUMNS, cells, strict=True))
    if listener is not None and entry["listener"] != listener:
        return Skipped(Reason.OTHER_LISTENER)
    return Listen(
        started_at_s=utc_s(required(entry, "start"), "start"),
        artist=required(entry, "artist"),
        title=required(entry, "title"),
        recording_mbid=mbid(entry["track mbid"]),
    )
