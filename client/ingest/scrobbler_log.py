"""`.scrobbler.log` of portable players (AUDIOSCROBBLER/1.1, Rockbox among them): tab-separated lines below a header.

`artist, album, title, track number, length in seconds, L or S, START of the play in seconds, recording mbid`; the last
may be missing. S is a play that was skipped before half of it, and is imported as such. `#TZ/UTC` says that stamps are
true Unix seconds. `#TZ/UNKNOWN` says that the player knows no time zone: its stamps are the hands of its clock, read as
if they were UTC. Where they stood is `file.zone`, UTC unless the owner says another; the device's own zone is never
asked, so that a journey does not make other plays of the same log. A player without a clock writes 0, which is no time.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from client.ingest.entry import Entry, Fault, entries_of
from client.ingest.export_file import ExportFile
from client.ingest.fields import length_ms, mbid, required, text, unix_s
from client.ingest.lines import lines, whole
from shared_model.listen import Listen

_COLUMNS = ("artist", "album", "title", "number", "length", "rating", "start", "mbid")
_SKIPPED = {"L": False, "S": True}


def recognises(file: ExportFile) -> bool:
    """By its first line."""
    return file.head().startswith("#AUDIOSCROBBLER/")


def parse(file: ExportFile) -> Iterator[Entry]:
    """Its plays."""
    return entries_of(_rows(file), lambda row: _play(*row), unit="line", file_name=file.name)


def _rows(file: ExportFile) -> Iterator[tuple[int, tuple[str | None, tzinfo]]]:
    zone = file.zone
    for number, line in lines(file):
        if line is None or not line.startswith("#"):
            yield number, (line, zone)
        elif line.startswith("#TZ/"):
            zone = UTC if line.strip() == "#TZ/UTC" else file.zone


def _play(line: str | None, zone: tzinfo) -> Entry:
    cells = whole(line).split("\t")
    if not len(_COLUMNS) - 1 <= len(cells) <= len(_COLUMNS):
        raise Fault("does not have 7 or 8 cells")
    entry = dict(zip(_COLUMNS, cells, strict=False))
    if entry["rating"] not in _SKIPPED:
        raise Fault("has neither L nor S as its rating")
    return Listen(
        started_at_s=_started_at_s(entry, zone),
        artist=required(entry, "artist"),
        title=required(entry, "title"),
        album=text(entry, "album"),
        recording_mbid=mbid(entry.get("mbid", "").strip()),
        duration_ms=_duration_ms(entry["length"]),
        skipped=_SKIPPED[entry["rating"]],
    )


def _started_at_s(entry: dict[str, str], zone: tzinfo) -> int:
    stamp_s = unix_s(entry, "start")
    if stamp_s == 0:
        raise Fault("has no time, as of a player without a clock")
    if zone is UTC:
        return stamp_s
    try:
        return int(datetime.fromtimestamp(stamp_s, UTC).replace(tzinfo=zone).timestamp())
    except (ValueError, OverflowError, OSError):
        raise Fault("has no time in 'start'") from None


def _duration_ms(seconds: str) -> int | None:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 10):
        return None  # some players leave it out
    return length_ms({"length": int(seconds)}, "length", unit_ms=1000) or None
