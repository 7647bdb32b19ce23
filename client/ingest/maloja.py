"""Maloja's export, `{"maloja": {...}, "scrobbles": [...]}`, and the answer of its own API, which says `list` instead.

`time` is the START of the play, Unix seconds; `duration` is how long it was heard and `length` how long the recording
is, both in seconds. Several artists of a track are named one after the other. `origin`, the program that sent it, is
not looked at. https://github.com/krateng/maloja
"""

from collections.abc import Iterator

from client.ingest.entry import Entry, Fault, entries_of
from client.ingest.export_file import ExportFile
from client.ingest.fields import Fields, fields, inner, length_ms, required, text, unix_s
from client.ingest.json_entries import json_entries
from shared_model.listen import Listen

_INTO = frozenset({"scrobbles", "list"})


def recognises(file: ExportFile) -> bool:
    """By its keys."""
    head = file.head()
    return '"artists"' in head and '"time"' in head and ('"scrobbles"' in head or '"origin"' in head)


def parse(file: ExportFile) -> Iterator[Entry]:
    """Its plays."""
    return entries_of(json_entries(file, into=_INTO), _play, unit="entry", file_name=file.name)


def _play(value: object) -> Entry:
    entry = fields(value)
    track = inner(entry, "track")
    return Listen(
        started_at_s=unix_s(entry, "time"),
        artist=_artists(track),
        title=required(track, "title"),
        album=text(inner(track, "album"), "albumtitle"),
        duration_ms=length_ms(track, "length", unit_ms=1000) or None,
        played_ms=length_ms(entry, "duration", unit_ms=1000) or None,
    )


def _artists(track: Fields) -> str:
    names = track.get("artists")
    if not isinstance(names, list) or not names:
        raise Fault("has no 'artists'")
    return ", ".join(required({"artists": name}, "artists") for name in names)
