"""Last.fm as CSV. With a header, `uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid` (lastfm.ghan.nl),
the columns are found by their names; without (lastfm-to-csv), they are artist, album, track, "31 Dec 2023 22:13".

Times are UTC and the START of a play; `uts` goes before the one in words. MBIDs are not taken (see lastfm_json).
"""

from collections.abc import Iterator, Mapping

from client.ingest.entry import Entry, Fault, entries_of
from client.ingest.export_file import ExportFile
from client.ingest.fields import day_month_year_s, required, text, unix_s
from client.ingest.lines import csv_line, lines
from shared_model.listen import Listen

_BARE = ("artist", "album", "track", "utc_time")
_SAME = {"title": "track", "name": "track", "date": "utc_time", "timestamp": "uts"}


def recognises(file: ExportFile) -> bool:
    """By its first line: a header, or four cells of which the last is a time."""
    first = file.head().partition("\n")[0].strip()
    if _header(first) is not None:
        return True
    try:
        cells = csv_line(first)
        return len(cells) == len(_BARE) and day_month_year_s(cells[3], "utc_time") > 0
    except Fault:
        return False


def parse(file: ExportFile) -> Iterator[Entry]:
    """Its plays."""
    return entries_of(_rows(file), _play, unit="line", file_name=file.name)


def _rows(file: ExportFile) -> Iterator[tuple[int, tuple[tuple[str, ...], str | None]]]:
    columns: tuple[str, ...] = _BARE
    is_first = True
    for number, line in lines(file):
        header = _header(line) if is_first else None
        columns = header or columns
        if header is None:
            yield number, (columns, line)
        is_first = False


def _header(line: str | None) -> tuple[str, ...] | None:
    try:
        cells = csv_line(line)
    except Fault:
        return None
    names = tuple(_SAME.get(name, name) for name in (cell.strip().lower() for cell in cells))
    return names if {"artist", "track"} <= set(names) and {"uts", "utc_time"} & set(names) else None


def _play(row: tuple[tuple[str, ...], str | None]) -> Entry:
    columns, line = row
    cells = csv_line(line)
    if len(cells) < len(columns):
        raise Fault(f"does not have {len(columns)} cells")
    entry = dict(zip(columns, cells, strict=False))
    return Listen(
        started_at_s=_started_at_s(entry),
        artist=required(entry, "artist"),
        title=required(entry, "track"),
        album=text(entry, "album"),
    )


def _started_at_s(entry: Mapping[str, str]) -> int:
    if entry.get("uts"):
        return unix_s(entry, "uts")
    return day_month_year_s(required(entry, "utc_time"), "utc_time")
