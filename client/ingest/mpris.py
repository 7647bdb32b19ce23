"""What a player on this computer played, from what it says of itself by MPRIS: the rules, without a bus.

https://specifications.freedesktop.org/mpris-spec/latest/ and its metadata guidelines, which players obey loosely:
`mpris:length` is in MICROseconds, `xesam:artist` a list or a text. A play counts when half the track or four minutes
of it were heard; while it is paused, nothing is. It is given when it ends, with how long it was heard.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from client.ingest.fields import LONGEST_MS
from shared_model.errors import BadInput
from shared_model.listen import Listen, counts_as_listen, identity_of

RESTARTED_US = 2_000_000
"""A jump to before it is the track from its beginning: on repeat nothing else tells one play from the next."""


@dataclass(frozen=True, slots=True)
class Moment:
    """wall_s: Unix seconds; steady_s: of a clock that nobody sets."""

    wall_s: float
    steady_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """As the player names it."""

    artist: str
    title: str
    album: str | None = None
    duration_ms: int | None = None

    @property
    def identity(self) -> str:
        """See `identity_of`."""
        return identity_of(self.artist, self.title)


def track_of(metadata: Mapping[str, object]) -> Track | None:
    """What `Metadata` names, its variants unpacked; None where it has no artist or no title."""
    artist, title = _text(metadata.get("xesam:artist")), _text(metadata.get("xesam:title"))
    if not artist or not title:
        return None
    length_us = metadata.get("mpris:length")
    is_length = isinstance(length_us, int) and not isinstance(length_us, bool) and 0 < length_us // 1000 <= LONGEST_MS
    return Track(
        artist=artist,
        title=title,
        album=_text(metadata.get("xesam:album")) or None,
        duration_ms=length_us // 1000 if is_length and isinstance(length_us, int) else None,
    )


class Player:
    """One player. Each call gives the play that has ended by it, if it counts."""

    def __init__(self) -> None:
        self._track: Track | None = None
        self._is_playing = False
        self._began_s: float | None = None
        self._heard_s = 0.0
        self._since_s = 0.0

    def named(self, track: Track | None, now: Moment) -> Listen | None:
        """It says what its track is: another one, or the same in other words."""
        ended = None
        if track is None or self._track is None or track.identity != self._track.identity:
            ended = self.ended(now)
        self._count(now)
        self._track = track
        self._begin(now)
        return ended

    def turned(self, status: str, now: Moment) -> Listen | None:
        """It says `Playing`, `Paused` or `Stopped`."""
        self._count(now)
        ended = self.ended(now) if status == "Stopped" else None
        self._is_playing = status == "Playing"
        self._begin(now)
        return ended

    def jumped(self, position_us: int, now: Moment) -> Listen | None:
        """It says that it went to a place of the track."""
        if position_us >= RESTARTED_US:
            return None
        ended = self.ended(now)
        self._begin(now)
        return ended

    def ended(self, now: Moment) -> Listen | None:
        """It is gone, or nobody watches it any more."""
        self._count(now)
        track, began_s, heard_ms = self._track, self._began_s, int(self._heard_s * 1000)
        self._began_s, self._heard_s = None, 0.0
        if track is None or began_s is None or not counts_as_listen(heard_ms, track.duration_ms):
            return None
        try:
            return Listen(
                started_at_s=int(began_s),
                artist=track.artist,
                title=track.title,
                album=track.album,
                duration_ms=track.duration_ms,
                played_ms=heard_ms,
            )
        except BadInput:
            return None  # a name of a thousand characters is no song's

    def _begin(self, now: Moment) -> None:
        self._since_s = now.steady_s
        if self._is_playing and self._track is not None and self._began_s is None:
            self._began_s = now.wall_s

    def _count(self, now: Moment) -> None:
        if self._is_playing and self._began_s is not None:
            self._heard_s += now.steady_s - self._since_s
        self._since_s = now.steady_s


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(each for each in map(_text, value) if each)
    return value.replace("\0", "").strip() if isinstance(value, str) else ""
