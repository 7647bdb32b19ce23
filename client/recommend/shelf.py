"""Everything that can be recommended here, with the names to say it by: the release's tracks and this device's own.

Letters: R tracks of the release, N of all, n of them the device's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, select

from client.consent.kinds import ListeningConsent
from client.feedback.record import read_feedback
from client.feedback.said import Feedback
from client.recommend.own_tracks import Named, OwnTrack, found_among, read_own_tracks
from client.store.tables import vectors
from shared_model.catalogue import Modality
from shared_model.release_0.collection import Collection, DeviceTracks, DeviceVectors, collect
from shared_model.release_0.release import Release0, ReleasedModality


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """collection: all N tracks; own: those of the device, by index; index_of: of each recording that was played, by its
    id in the store; in_library: (N,), whether its file is on this device; left_out: by modality, how many of the
    device's tracks lack it since another encoder than the release's made theirs; said: what the listener said of
    tracks, by index.
    """

    collection: Collection
    own: Mapping[int, OwnTrack]
    index_of: Mapping[int, int]
    in_library: NDArray[np.bool_]
    left_out: Mapping[str, int]
    said: Mapping[int, tuple[Feedback, ...]]

    def silent(self, now_s: float) -> list[int]:
        """What the listener does not want to be recommended at Unix second `now_s`."""
        return [index for index, said in self.said.items() if any(each.silences(now_s) for each in said)]

    def named(self, index: int) -> Named:
        """Artist and title to show: the device's own spelling where it has one."""
        return self.own[index].named if index in self.own else _released(self.collection.release, index)


def read_shelf(release: Release0, history: Engine, *, consent: ListeningConsent) -> Shelf:
    """The release with the device's tracks: those it has, and further ones with the vectors that were encoded here.

    A track that the release holds has the release's place and vectors. Those that another encoder made are left out:
    they cannot be compared. Of several tracks of the device that are one in the release the first gives the names.
    """
    found = read_own_tracks(history, consent=consent)
    tracks = found.tracks
    feedback = read_feedback(history, consent=consent)
    wanted = [*(track.named for track in tracks), *map(_told, feedback)]
    among_released = found_among(wanted, _names_of(release)) if wanted else {}
    known = {place: index for place, index in among_released.items() if place < len(tracks)}
    further = [place for place in range(len(tracks)) if place not in known]
    index_of_place = known | {place: len(release.tracks) + number for number, place in enumerate(further)}
    device, left_out = _device_tracks(release, [tracks[place] for place in further], history)
    collection = collect(release, device)
    own: dict[int, OwnTrack] = {}
    for place, track in enumerate(tracks):  # those with files come first
        own.setdefault(index_of_place[place], track)
    in_library = np.zeros(len(collection.catalogue), np.bool_)
    in_library[[index for index, track in own.items() if track.path is not None]] = True
    return Shelf(
        collection=collection,
        own=own,
        index_of={recording: index_of_place[place] for recording, place in found.place_of.items()},
        in_library=in_library,
        left_out=left_out,
        said=_said(feedback, among_released, tracks, index_of_place),
    )


def _told(feedback: Feedback) -> Named:
    """An id in place of a title that is not known is no track's title."""
    about = feedback.about
    title = about.title or about.recording_mbid or ""
    return Named(artist=about.artist or "", title=title, recording_mbid=about.recording_mbid)


def _said(
    feedback: list[Feedback],
    among_released: Mapping[int, int],
    tracks: Sequence[OwnTrack],
    index_of_place: Mapping[int, int],
) -> dict[int, tuple[Feedback, ...]]:
    """By index. What is said of a track that is neither in the release nor on the device waits for it.

    among_released: of `tracks` and then of `feedback`, by place, the index in the release.
    """
    own = found_among(list(map(_told, feedback)), [track.named for track in tracks]) if feedback else {}
    said: dict[int, tuple[Feedback, ...]] = {}
    for number, each in enumerate(feedback):
        index = among_released.get(len(tracks) + number)
        if index is None and number in own:
            index = index_of_place[own[number]]
        if index is not None:
            said[index] = (*said.get(index, ()), each)
    return said


def _names_of(release: Release0) -> Iterator[Named]:
    """As `_released`, of all: decoded at once, which takes a tenth of the time."""
    tracks = release.tracks
    artists = [*tracks.artist_names, ""]  # -1 is not known
    for title, artist, mbid, isrc in zip(
        tracks.titles, tracks.artist.tolist(), tracks.recording_mbids, tracks.isrcs, strict=True
    ):
        yield Named(artist=artists[artist], title=title, recording_mbid=mbid or None, isrc=isrc or None)


def _released(release: Release0, index: int) -> Named:
    tracks = release.tracks
    artist, album = int(tracks.artist[index]), int(tracks.album[index])
    return Named(
        artist=tracks.artist_names[artist] if artist >= 0 else "",
        title=tracks.titles[index],
        album=(tracks.album_names[album] or None) if album >= 0 else None,
        recording_mbid=tracks.recording_mbids[index] or None,
        isrc=tracks.isrcs[index] or None,
    )


def _device_tracks(release: Release0, own: list[OwnTrack], history: Engine) -> tuple[DeviceTracks, dict[str, int]]:
    """With, by modality, how many tracks only another encoder's vectors were found of."""
    by_modality, left_out = {}, {}
    for name, modality in release.modalities.items():
        found, others = _vectors(name, modality, [getattr(track, name, None) for track in own], history)
        if found.raw.present.any():
            by_modality[name] = found
        if others:
            left_out[name] = others
    device = DeviceTracks(
        # names say nothing of what is on a device, and are never shown: a track of it is known by its place
        ids=[f"device:{number}" for number in range(len(own))],
        artists=[track.named.artist for track in own],
        albums=[track.named.album for track in own],
        vectors=by_modality,
    )
    return device, left_out


def _vectors(
    name: str, modality: ReleasedModality, contents: list[str | None], history: Engine
) -> tuple[DeviceVectors, int]:
    """Raw vectors of the contents, by their SHA-256, that the release's encoder made, and how many another one did."""
    places: dict[str, list[int]] = {}
    for place, content in enumerate(contents):
        if content is not None:
            places.setdefault(content, []).append(place)
    size = modality.vectors.shape[1]
    raw, present = np.zeros((len(contents), size), np.float32), np.zeros(len(contents), np.bool_)
    encoded = np.zeros(len(contents), np.bool_)
    held = select(vectors.c.content_sha256, vectors.c.encoder, vectors.c.vector)
    held = held.where(vectors.c.modality == name, vectors.c.vector.is_not(None))
    with history.connect() as connection:
        for content, encoder, vector in connection.execute(held):
            at = places.get(content, [])
            encoded[at] = True
            if encoder == modality.encoder:
                raw[at], present[at] = np.frombuffer(vector, "<f4"), True
    found = DeviceVectors(raw=Modality(vectors=raw, present=present), encoder=modality.encoder)
    return found, int((encoded & ~present).sum())
