"""Pano Scrobbler's file of scrobbles, an object a line.

`timeMs` is the START of the play in milliseconds and `durationMs` the recording's length. A line whose `event` is
`love` or `unlove` is no play. The player, its package and version are not looked at, nor is the time in words, which is
local. https://github.com/kawaiiDango/pano-scrobbler
"""

from collections.abc import Iterator

from client.ingest.entry import Entry, Fault, Reason, Skipped, entries_of
from client.ingest.export_file import ExportFile
from client.ingest.fields import fields, length_ms, required, text, unix_ms
from client.ingest.lines import json_line, lines
from shared_model.listen import Listen


def recognises(file: ExportFile) -> bool:
    """By the keys of its first line."""
    first = file.head().partition("\n")[0]
    return first.startswith("{") and '"timeMs"' in first and '"track"' in first


def parse(file: ExportFile) -> Iterator[Entry]:
    """Its plays."""
    return entries_of(lines(file), lambda line: _play(json_line(line)), unit="line", file_name=file.name)


def _play(value: object) -> Entry:
    entry = fields(value)
    event = text(entry, "event")
    if event in ("love", "unlove"):
        return Skipped(Reason.FEEDBACK)
    if event not in (None, "scrobble"):
        raise Fault("has no known 'event'")
    return Listen(
        started_at_s=unix_ms(entry, "timeMs") // 1000,
        artist=required(entry, "artist"),
        title=required(entry, "track"),
        album=text(entry, "album"),
        duration_ms=length_ms(entry, "durationMs") or None,
    )
