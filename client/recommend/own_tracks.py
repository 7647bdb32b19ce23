"""The tracks that this device knows of itself: its music library, and what was played, each once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import Engine, select

from client.consent.kinds import ListeningConsent
from client.music_library.match import Matcher
from client.store.tables import library_tracks, listens, recordings


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a track is told by. artist and title as they are shown."""

    artist: str
    title: str
    album: str | None = None
    recording_mbid: str | None = None
    isrc: str | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTrack:
    """path: of its file, None for what was only ever played; audio, lyrics: SHA-256 of what was encoded of each."""

    named: Named
    path: str | None = None
    audio: str | None = None
    lyrics: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTracks:
    """tracks: the library's first, in the order of their paths; place_of: of each recording that was played, by its id
    in the store, the place of its track."""

    tracks: tuple[OwnTrack, ...]
    place_of: dict[int, int]


def read_own_tracks(history: Engine, *, consent: ListeningConsent) -> OwnTracks:
    """All of them. Of two files of one track the first path counts.

    consent: what was played is read, if only by name.
    """
    assert consent.purpose == "listening"
    names = [each.name for each in fields(Named)]
    played = recordings.c.id.in_(select(listens.c.recording_id))
    with history.connect() as connection:
        files = connection.execute(select(library_tracks).order_by(library_tracks.c.path)).mappings().all()
        heard = connection.execute(select(recordings).where(played).order_by(recordings.c.id)).mappings().all()
    tracks: list[OwnTrack] = []
    matcher = Matcher()
    for row in files:
        named = Named(**{name: row[name] for name in names})
        if matcher.place_of(named) is None:
            matcher.add(named, len(tracks))
            tracks.append(
                OwnTrack(named=named, path=row["path"], audio=row["content_sha256"], lyrics=row["lyrics_sha256"])
            )
    place_of = {}
    for row in heard:
        named = Named(**{name: row[name] for name in names})
        place = matcher.place_of(named)
        if place is None:
            place = len(tracks)
            matcher.add(named, place)
            tracks.append(OwnTrack(named=named))
        place_of[row["id"]] = place
    return OwnTracks(tracks=tuple(tracks), place_of=place_of)


def found_among(wanted: Sequence[Named], tracks: Iterable[Named]) -> dict[int, int]:
    """Of each of `wanted` that is among `tracks`, the place there; two of them may be the same track."""
    matcher = Matcher()
    for place, named in enumerate(tracks):
        matcher.add(named, place)
    found = {at: matcher.place_of(named) for at, named in enumerate(wanted)}
    return {at: place for at, place in found.items() if place is not None}
