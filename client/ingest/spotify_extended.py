"""Spotify's extended streaming history: `Streaming_History_Audio_<years>_<n>.json` and the older `endsong_<n>.json`.

An array of objects. `ts` is the moment the play STOPPED, UTC, so that a play began `ms_played` before it; one that was
heard offline says itself when it began, in seconds or, in older files, milliseconds, since its `ts` may be the moment
of a later upload. Addresses, agents, countries, platforms and user names are not looked at.

A play is imported however short: what the listener left is told from what was heard. It is `skipped` where the export
says so, and where the forward button ended it before it counts as a listen (`counts_as_listen`); played to its end, it
is not. Nothing heard and nothing skipped is no play.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator

from client.ingest.entry import Duplicate, Entry, Fault, Reason, Skipped, entries_of
from client.ingest.export_file import ExportFile
from client.ingest.fields import Fields, fields, length_ms, required, text, unix_s, utc_s
from client.ingest.json_entries import json_entries
from shared_model.listen import EARLIEST_S, SAME_LISTEN_S, Listen, counts_as_listen

_NAME = re.compile(r"(^|/)(Streaming_History_(Audio|Video)|endsong)[^/]*\.json$", re.IGNORECASE)
_REMEMBERED = 2**14

Seen = OrderedDict[tuple[str, int], int]


def recognises(file: ExportFile) -> bool:
    """By its name or by its keys."""
    if _NAME.search(file.name):
        return True
    head = file.head()
    return '"ms_played"' in head and '"ts"' in head


def parse(file: ExportFile) -> Iterator[Entry]:
    """Its plays. A video file's are all skipped."""
    if "streaming_history_video" in file.name.lower():
        return entries_of(json_entries(file), _video, unit="entry", file_name=file.name)
    seen: Seen = OrderedDict()
    return entries_of(json_entries(file), lambda value: _play(fields(value), seen), unit="entry", file_name=file.name)


def _video(value: object) -> Entry:
    fields(value)
    return Skipped(Reason.VIDEO)


def _play(entry: Fields, seen: Seen) -> Entry:
    if entry.get("incognito_mode"):
        return Skipped(Reason.INCOGNITO)
    if entry.get("episode_name") or entry.get("spotify_episode_uri"):
        return Skipped(Reason.PODCAST)
    if entry.get("audiobook_title") or entry.get("audiobook_uri") or entry.get("audiobook_chapter_uri"):
        return Skipped(Reason.AUDIOBOOK)
    stopped_at_s, played_ms = utc_s(required(entry, "ts"), "ts"), length_ms(entry, "ms_played")
    if played_ms is None:
        raise Fault("has no 'ms_played', or one of more than 24 days")
    title, artist = text(entry, "master_metadata_track_name"), text(entry, "master_metadata_album_artist_name")
    if title is None and artist is None:
        return Skipped(Reason.NO_TRACK)
    skipped = _skipped(entry, played_ms)
    if played_ms == 0 and not skipped:
        return Skipped(Reason.NOT_PLAYED)
    started_at_s = _started_at_s(entry, stopped_at_s, played_ms)
    listen = Listen(
        started_at_s=started_at_s,
        artist=artist or "",
        title=title or "",
        album=text(entry, "master_metadata_album_album_name"),
        played_ms=played_ms,
        skipped=skipped,
    )
    if _seen_before(text(entry, "spotify_track_uri"), played_ms, started_at_s, seen):
        return Duplicate()
    return listen


def _skipped(entry: Fields, played_ms: int) -> bool | None:
    said, ended_by = entry.get("skipped"), entry.get("reason_end")
    if said is True or (ended_by == "fwdbtn" and not counts_as_listen(played_ms, None)):
        return True
    return False if said is False or ended_by == "trackdone" else None


def _started_at_s(entry: Fields, stopped_at_s: int, played_ms: int) -> int:
    if entry.get("offline") is True and entry.get("offline_timestamp"):
        started_at_s = unix_s(entry, "offline_timestamp")
        if EARLIEST_S <= started_at_s <= stopped_at_s:
            return started_at_s
    return (stopped_at_s * 1000 - played_ms) // 1000


def _seen_before(uri: str | None, played_ms: int, started_at_s: int, seen: Seen) -> bool:
    """Whether the same track was played as long at the same time, if under another name. Remembers the last ones."""
    if uri is None:
        return False
    before = seen.get((uri, played_ms))
    if before is not None and abs(before - started_at_s) <= SAME_LISTEN_S:
        return True
    seen[uri, played_ms] = started_at_s
    if len(seen) > _REMEMBERED:
        seen.popitem(last=False)
    return False
