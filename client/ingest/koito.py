"""Koito's export, `{"version": "1", "listens": [...]}`.

`listened_at` is the START of the play, RFC 3339 in UTC; `duration` is the recording's, in seconds, 0 where unknown.
Whatever has a name has several, its `aliases`, of which one is primary. Of several artists those that are primary are
named, or all where none is. Client, user and images are not looked at. https://github.com/gabehf/Koito
"""

from collections.abc import Iterator

from client.ingest.entry import Entry, Fault, entries_of
from client.ingest.export_file import ExportFile
from client.ingest.fields import Fields, fields, inner, length_ms, mbid, required, text, utc_s
from client.ingest.json_entries import json_entries
from shared_model.listen import Listen

_INTO = frozenset({"listens"})


def recognises(file: ExportFile) -> bool:
    """By its keys: of what else has `listened_at`, nothing has aliases."""
    head = file.head()
    return '"listened_at"' in head and '"aliases"' in head


def parse(file: ExportFile) -> Iterator[Entry]:
    """Its plays."""
    return entries_of(json_entries(file, into=_INTO), _play, unit="entry", file_name=file.name)


def _play(value: object) -> Entry:
    entry = fields(value)
    track = inner(entry, "track")
    title = _name(track)
    if title is None:
        raise Fault("has no 'aliases' of a track")
    return Listen(
        started_at_s=utc_s(required(entry, "listened_at"), "listened_at"),
        artist=_artists(entry),
        title=title,
        album=_name(inner(entry, "album")),
        recording_mbid=mbid(track.get("mbid")),
        duration_ms=length_ms(track, "duration", unit_ms=1000) or None,
    )


def _artists(entry: Fields) -> str:
    every = [each for each in _objects(entry, "artists") if _name(each)]
    names = [_name(each) for each in every if each.get("is_primary") is True] or [_name(each) for each in every]
    if not names:
        raise Fault("has no 'aliases' of an artist")
    return ", ".join(name for name in names if name)


def _name(holder: Fields) -> str | None:
    """The primary alias, else the first that is one."""
    aliases = sorted(_objects(holder, "aliases"), key=lambda each: each.get("is_primary") is not True)
    return next((name for each in aliases if (name := text(each, "alias"))), None)


def _objects(holder: Fields, key: str) -> list[Fields]:
    value = holder.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
