"""What a player submits, held against ListenBrainz' rules: wholly in order, or refused as a whole.

https://listenbrainz.readthedocs.io/en/latest/users/json.html and its server's `webserver/views/api_tools`.
Unknown keys are passed over; of the known ones only names, ids and lengths are kept (see client/ingest/listenbrainz).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from client.ingest.entry import Fault
from client.ingest.fields import LONGEST_MS, Fields, fields, inner, required
from client.ingest.listenbrainz import listen_of
from client.web.listenbrainz.answers import Rejected
from shared_model.errors import BadInput
from shared_model.listen import EARLIEST_S, Listen

MOST_LISTENS = 1_000
LONGEST_LISTEN_BYTES = 10_240
LONGEST_BODY_BYTES = MOST_LISTENS * LONGEST_LISTEN_BYTES
MOST_TAGS, LONGEST_TAG = 50, 64
CLOCKS_APART_S = 3_600
"""So much later than now may a player's clock be."""


class ListenType(StrEnum):
    """single: one play, now over; import: earlier ones; playing_now: one that has just begun, which is not stored."""

    SINGLE = "single"
    IMPORT = "import"
    PLAYING_NOW = "playing_now"


@dataclass(frozen=True, slots=True)
class Submission:
    """listens: to be stored; none for what is playing now."""

    type: ListenType
    listens: tuple[Listen, ...]


def read_submission(body: bytes, *, now_s: int) -> Submission:
    """The body of `submit-listens`. now_s: Unix seconds. Raises Rejected (400), which names places, never values."""
    document = read_json(body)
    try:
        submitted = fields(document)
        kind = ListenType(required(submitted, "listen_type"))
    except (Fault, ValueError):
        raise Rejected(400, "'listen_type' is none of single, playing_now and import") from None
    payload = submitted.get("payload")
    if not isinstance(payload, list) or not payload:
        raise Rejected(400, "'payload' is no list of listens")
    if kind is not ListenType.IMPORT and len(payload) != 1:
        raise Rejected(400, f"'payload' holds {len(payload):,} listens, and {kind} takes exactly one")
    if len(payload) > MOST_LISTENS:
        raise Rejected(400, f"'payload' holds {len(payload):,} listens; the most are {MOST_LISTENS:,}")
    if len(body) > LONGEST_LISTEN_BYTES:
        _each(payload, _check_size)
    if kind is ListenType.PLAYING_NOW:
        _each(payload, _check_playing_now)
        return Submission(kind, ())
    return Submission(kind, tuple(_each(payload, lambda entry: _listen(entry, now_s))))


def read_json(body: bytes) -> object:
    """Raises Rejected (400)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Rejected(400, "the body is not JSON") from None


def _each(payload: list[object], read: Callable[[Fields], Listen | None]) -> list[Listen]:
    found = []
    for number, value in enumerate(payload, start=1):
        try:
            listen = read(fields(value))
        except Fault as fault:
            raise Rejected(400, f"listen {number} {fault}") from None
        except BadInput as error:
            raise Rejected(400, f"listen {number} is no {error}") from None
        if listen is not None:
            found.append(listen)
    return found


def _check_size(entry: Fields) -> None:
    if (
        len(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"))
        > LONGEST_LISTEN_BYTES
    ):
        raise Fault(f"has more than {LONGEST_LISTEN_BYTES:,} bytes")


def _check_playing_now(entry: Fields) -> None:
    if "listened_at" in entry:
        raise Fault("has a 'listened_at', which playing_now does not take")
    track = inner(entry, "track_metadata")
    required(track, "artist_name")
    required(track, "track_name")
    _check_info(inner(track, "additional_info"))


def _listen(entry: Fields, now_s: int) -> Listen:
    at_s = entry.get("listened_at")
    if isinstance(at_s, bool) or not isinstance(at_s, int):
        raise Fault("has no 'listened_at' in whole seconds")
    if at_s < EARLIEST_S:
        raise Fault(f"has a 'listened_at' before {EARLIEST_S}")
    if at_s > now_s + CLOCKS_APART_S:
        raise Fault("has a 'listened_at' in the future, or in milliseconds")
    _check_info(inner(inner(entry, "track_metadata"), "additional_info"))
    return listen_of(entry)


def _check_info(info: Fields) -> None:
    tags = info.get("tags")
    if tags is not None:
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise Fault("has no list of texts in 'tags'")
        if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in tags):
            raise Fault(f"has more than {MOST_TAGS} 'tags', or one of more than {LONGEST_TAG} characters")
    if "duration" in info and "duration_ms" in info:
        raise Fault("has both 'duration' and 'duration_ms'")
    for key, unit_ms in (("duration", 1000), ("duration_ms", 1)):
        value = info.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value * unit_ms <= LONGEST_MS:
            raise Fault(f"has no length up to 24 days in {key!r}")
