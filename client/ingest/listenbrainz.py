"""ListenBrainz' export: `listens/<year>/<month>.jsonl`, a listen a line, in a zip; the older form is one JSON array.

`listened_at` is the START of the play, Unix seconds. The player's own MusicBrainz id goes before the one that
ListenBrainz matched. Of `additional_info` only ids and lengths are looked at: it may also name players, services and
addresses. https://listenbrainz.readthedocs.io/en/latest/users/json.html
"""

import re
from collections.abc import Iterator

from client.ingest.entry import Entry, Reason, Skipped, entries_of
from client.ingest.export_file import ExportFile
from client.ingest.fields import Fields, fields, inner, isrc, length_ms, mbid, required, text, unix_s
from client.ingest.json_entries import json_entries
from client.ingest.lines import json_line, lines
from shared_model.listen import Listen

_NAME = re.compile(r"(^|/)listens/\d{4}/\d{1,2}\.jsonl$")


def recognises(file: ExportFile) -> bool:
    """By its name or by its keys; a file of feedback has no `listened_at`."""
    return bool(_NAME.search(file.name)) or '"listened_at"' in file.head()


def parse(file: ExportFile) -> Iterator[Entry]:
    """Its plays."""
    if file.head().lstrip().startswith("["):
        return entries_of(json_entries(file), _listen, unit="entry", file_name=file.name)
    return entries_of(lines(file), lambda line: _listen(json_line(line)), unit="line", file_name=file.name)


def _listen(value: object) -> Entry:
    entry = fields(value)
    return Skipped(Reason.NOW_PLAYING) if entry.get("playing_now") is True else listen_of(entry)


def listen_of(entry: Fields) -> Listen:
    """What a listen in ListenBrainz' shape says of a play. Raises Fault, and BadInput for a play that cannot be."""
    track = inner(entry, "track_metadata")
    info, mapping = inner(track, "additional_info"), inner(track, "mbid_mapping")
    return Listen(
        started_at_s=unix_s(entry, "listened_at"),
        artist=required(track, "artist_name"),
        title=required(track, "track_name"),
        album=text(track, "release_name"),
        recording_mbid=mbid(info.get("recording_mbid")) or mbid(mapping.get("recording_mbid")),
        isrc=isrc(info.get("isrc")),
        duration_ms=_length_ms(info, "duration_ms", 1) or _length_ms(info, "duration", 1000),
        played_ms=_length_ms(info, "duration_played", 1000),
    )


def _length_ms(info: Fields, key: str, unit_ms: int) -> int | None:
    """Players write what they like there: what is no length is left out, and the listen kept."""
    value = info.get(key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return length_ms(info, key, unit_ms=unit_ms) if is_number else None
