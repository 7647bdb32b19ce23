"""Web Scrobbler's webhook: `{"eventName", "time", "data": {"song", "songs"?, "isLoved"?}}`, posted by the extension.

`song` has `processed` (corrected, any of it may be null), `parsed` (as the page says it; `duration` in seconds) and
`metadata.startTimestamp`, the START of the play in Unix seconds. `scrobble` comes when half the track or four minutes
were heard; `nowplaying`, `paused` and `resumedplaying` are not stored. The extension cannot set a header, so that the
token stands in the address. https://github.com/web-scrobbler/web-scrobbler/wiki/Webhook-API
"""

from dataclasses import dataclass

from client.feedback.said import About, Said
from client.ingest.entry import Fault
from client.ingest.fields import LONGEST_MS, Fields, fields, inner, required, text
from client.web.listenbrainz.answers import Rejected
from client.web.listenbrainz.feedback import Opinion
from client.web.listenbrainz.submission import CLOCKS_APART_S, read_json
from shared_model.errors import BadInput
from shared_model.listen import EARLIEST_S, Listen

_NOT_STORED = ("nowplaying", "paused", "resumedplaying")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """listens: to be stored."""

    listens: tuple[Listen, ...] = ()
    opinion: Opinion | None = None


def read_event(body: bytes, *, now_s: int) -> Event:
    """Raises Rejected (400) for what is no event of the webhook."""
    try:
        event = fields(read_json(body))
        name, data = required(event, "eventName"), inner(event, "data")
        if name == "scrobble":
            songs = data.get("songs")
            every = [fields(song) for song in songs] if isinstance(songs, list) and songs else [inner(data, "song")]
            return Event(listens=tuple(_listen(song, now_s) for song in every if not _is_podcast(song)))
        if name == "loved":
            song, loved = inner(data, "song"), data.get("isLoved")
            if not isinstance(loved, bool):
                raise Fault("has no 'isLoved'")
            about = About(artist=_name(song, "artist"), title=_name(song, "track"))
            return Event(opinion=Opinion(said=Said.LOVE if loved else None, about=about))
    except Fault as fault:
        raise Rejected(400, f"the event {fault}") from None
    except BadInput as error:
        raise Rejected(400, f"the event is no {error}") from None
    if name not in _NOT_STORED:
        raise Rejected(400, "the event has no known 'eventName'")
    return Event()


def _is_podcast(song: Fields) -> bool:
    return inner(song, "parsed").get("isPodcast") is True


def _listen(song: Fields, now_s: int) -> Listen:
    at_s = inner(song, "metadata").get("startTimestamp")
    if isinstance(at_s, bool) or not isinstance(at_s, int) or not EARLIEST_S <= at_s <= now_s + CLOCKS_APART_S:
        raise Fault("has no time in 'startTimestamp'")
    return Listen(
        started_at_s=at_s,
        artist=_name(song, "artist"),
        title=_name(song, "track"),
        album=_found(song, "album"),
        duration_ms=_duration_ms(inner(song, "parsed")) or _duration_ms(inner(song, "processed")),
    )


def _name(song: Fields, key: str) -> str:
    name = _found(song, key)
    if name is None:
        raise Fault(f"has no {key!r}")
    return name


def _found(song: Fields, key: str) -> str | None:
    return text(inner(song, "processed"), key) or text(inner(song, "parsed"), key)


def _duration_ms(side: Fields) -> int | None:
    """Pages say what they like there: what is no length is left out, and the play kept."""
    value = side.get("duration")
    is_length = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value * 1000 <= LONGEST_MS
    return int(value * 1000) if is_length and isinstance(value, int | float) else None
