"""Last.fm's answers by page, as export programs save them: `[{"track": [...]}, ...]`, or one `{"recenttracks": ...}`.

`date.uts` is the START of the play, Unix seconds. The track's `mbid` is not taken: Last.fm's are ids of tracks as often
as of recordings, which is why ListenBrainz, too, keeps them apart (`lastfm_track_mbid`). Nothing tells skips.
"""

from collections.abc import Iterator

from client.ingest.entry import Entry, Fault, Reason, Skipped, entries_of
from client.ingest.export_file import ExportFile
from client.ingest.fields import Fields, fields, inner, text, unix_s
from client.ingest.json_entries import json_entries
from shared_model.listen import Listen

_INTO = frozenset({"track", "recenttracks"})


def recognises(file: ExportFile) -> bool:
    """By its keys."""
    head = file.head()
    return '"artist"' in head and ('"uts"' in head or '"nowplaying"' in head)


def parse(file: ExportFile) -> Iterator[Entry]:
    """Its plays."""
    return entries_of(json_entries(file, into=_INTO), _play, unit="entry", file_name=file.name)


def _play(value: object) -> Entry:
    entry = fields(value)
    if inner(entry, "@attr").get("nowplaying") in ("true", True):
        return Skipped(Reason.NOW_PLAYING)
    if "date" not in entry:
        raise Fault("has no 'date'")
    artist, title = _name(entry, "artist"), text(entry, "name")
    if artist is None or title is None:
        raise Fault("has no 'artist' or no 'name'")
    return Listen(
        started_at_s=unix_s(inner(entry, "date"), "uts"), artist=artist, title=title, album=_name(entry, "album")
    )


def _name(entry: Fields, key: str) -> str | None:
    """`{"#text": name}`; an extended answer says `{"name": name}` and some programs the name alone."""
    holder = entry.get(key)
    if isinstance(holder, dict):
        return text(holder, "#text") or text(holder, "name")
    return text(entry, key)
