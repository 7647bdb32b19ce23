"""The tracks that this device knows of itself: its music library, and what was played, each once.

A play belongs to a track by MusicBrainz id, else by ISRC, else by artist and title as they are compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields

from sqlalchemy import Engine, select

from client.store.tables import library_tracks, listens, recordings
from shared_model.listen import identity_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a track is told by. artist and title as they are shown."""

    artist: str
    title: str
    album: str | None = None
    recording_mbid: str | None = None
    isrc: str | None = None
    duration_ms: int | None = None

    @property
    def identity(self) -> str:
        """See `shared_model.listen.identity_of`."""
        return identity_of(self.artist, self.title)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTrack:
    """path: of its file, None for what was only ever played; audio, lyrics: SHA-256 of what was encoded of each."""

    named: Named
    path: str | None = None
    audio: str | None = None
    lyrics: str | None = None


@dataclass(slots=True)
class Register:
    """Places of tracks by what they are told by; the first of two alike keeps its place."""

    _mbids: dict[str, int] = field(default_factory=dict)
    _isrcs: dict[str, int] = field(default_factory=dict)
    _identities: dict[str, int] = field(default_factory=dict)

    def find(self, named: Named) -> int | None:
        """The place of the same track, or None."""
        if named.recording_mbid in self._mbids:
            return self._mbids[named.recording_mbid]
        if named.isrc in self._isrcs:
            return self._isrcs[named.isrc]
        return self._identities.get(named.identity)

    def add(self, named: Named, place: int) -> None:
        """Put a track at `place`."""
        if named.recording_mbid:
            self._mbids.setdefault(named.recording_mbid, place)
        if named.isrc:
            self._isrcs.setdefault(named.isrc, place)
        self._identities.setdefault(named.identity, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTracks:
    """tracks: the library's first, in the order of their paths; place_of: of each recording that was played, by its id
    in the store, the place of its track."""

    tracks: tuple[OwnTrack, ...]
    place_of: dict[int, int]


def read_own_tracks(history: Engine) -> OwnTracks:
    """All of them. Of two files of one track the first path counts."""
    names = [each.name for each in fields(Named)]
    played = select(listens.c.recording_id).distinct()
    with history.connect() as connection:
        files = connection.execute(select(library_tracks).order_by(library_tracks.c.path)).mappings().all()
        heard = connection.execute(select(recordings).where(recordings.c.id.in_(played))).mappings().all()
    tracks: list[OwnTrack] = []
    register = Register()
    for row in files:
        track = Named(**{name: row[name] for name in names})
        if register.find(track) is None:
            register.add(track, len(tracks))
            tracks.append(
                OwnTrack(named=track, path=row["path"], audio=row["content_sha256"], lyrics=row["lyrics_sha256"])
            )
    place_of = {}
    for row in heard:
        track = Named(**{name: row[name] for name in names})
        place = register.find(track)
        if place is None:
            place = len(tracks)
            register.add(track, place)
            tracks.append(OwnTrack(named=track))
        place_of[row["id"]] = place
    return OwnTracks(tracks=tuple(tracks), place_of=place_of)


def found_among(wanted: Sequence[Named], tracks: Iterable[Named]) -> dict[int, int]:
    """Of each of `wanted` that is among `tracks`, the place there."""
    register = Register()
    for place, named in enumerate(wanted):
        register.add(named, place)
    found: dict[int, int] = {}
    for place, named in enumerate(tracks):
        at = register.find(named)
        if at is not None:
            found.setdefault(at, place)
    return found
