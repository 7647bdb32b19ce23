"""Spotify's basic streaming history of a year: `StreamingHistory_music_<n>.json`, older `StreamingHistory<n>.json`.

An array of `endTime` ("2024-11-30 21:04", UTC, the minute in which the play STOPPED), `artistName`, `trackName`,
`msPlayed`. The middle of that minute is taken: it lies within 30 s of the truth, so that the same play in the extended
history is found to be the same. The files of podcasts and audiobooks are skipped.
"""

import re
from collections.abc import Iterator

from client.ingest.entry import Entry, Fault, Reason, Skipped, entries_of
from client.ingest.export_file import ExportFile
from client.ingest.fields import fields, length_ms, required, utc_s
from client.ingest.json_entries import json_entries
from shared_model.listen import Listen

_NAME = re.compile(r"(^|/)StreamingHistory[^/]*\.json$", re.IGNORECASE)
_HALF_A_MINUTE_S = 30


def recognises(file: ExportFile) -> bool:
    """By its name or by its keys."""
    if _NAME.search(file.name):
        return True
    head = file.head()
    return '"endTime"' in head and '"msPlayed"' in head


def parse(file: ExportFile) -> Iterator[Entry]:
    """Its plays. Skips are not told: `skipped` is null."""
    return entries_of(json_entries(file), _play, unit="entry", file_name=file.name)


def _play(value: object) -> Entry:
    entry = fields(value)
    if "podcastName" in entry or "episodeName" in entry:
        return Skipped(Reason.PODCAST)
    if "audiobookName" in entry or "chapterName" in entry or "authorName" in entry:
        return Skipped(Reason.AUDIOBOOK)
    stopped_at_s, played_ms = utc_s(required(entry, "endTime"), "endTime"), length_ms(entry, "msPlayed")
    if played_ms is None:
        raise Fault("has no 'msPlayed', or one of more than 24 days")
    if played_ms == 0:
        return Skipped(Reason.NOT_PLAYED)
    return Listen(
        started_at_s=((stopped_at_s + _HALF_A_MINUTE_S) * 1000 - played_ms) // 1000,
        artist=required(entry, "artistName"),
        title=required(entry, "trackName"),
        played_ms=played_ms,
    )
