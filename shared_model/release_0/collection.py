"""All that can be recommended on a device: the release's tracks, then those that only the device has.

Letters: R tracks of the release, n further ones, N = R + n, D numbers of a modality's vector.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shared_model.catalogue import Catalogue, Modality
from shared_model.encoders.centring import centre
from shared_model.errors import BadInput
from shared_model.head.inference import Rows, Scored
from shared_model.history import History
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.moments import Moments
from shared_model.memory.recollection import Recollection, recollect
from shared_model.memory.vectors import BrainVectors
from shared_model.release_0.counts import extended
from shared_model.release_0.labels import labelled
from shared_model.release_0.release import Release0, ReleasedModality

_FORGOTTEN_AT_ONCE = 8_192
"""Rows after which what was read of the file is let go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceVectors:
    """raw: what the device's own encoder gave for each of its n tracks, not centred; encoder: as a release names it."""

    raw: Modality
    encoder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTracks:
    """n tracks that the release does not hold: of the device's own library, or only ever played.

    ids: n, each once; artists, albums: names, None where not known; vectors: by modality, those that were encoded.
    """

    ids: Sequence[str]
    artists: Sequence[str | None]
    albums: Sequence[str | None]
    vectors: Mapping[str, DeviceVectors]

    def __post_init__(self) -> None:
        sizes = {
            len(self.ids),
            len(self.artists),
            len(self.albums),
            *(len(v.raw.present) for v in self.vectors.values()),
        }
        if len(sizes) > 1 or len(set(self.ids)) != len(self.ids):
            raise BadInput("device tracks: an id comes twice, or names and vectors are not of the same tracks")


NOTHING = DeviceTracks(ids=(), artists=(), albums=(), vectors={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """release: where the first R tracks come from; paths: memory over all N; rows: what the head reads of them."""

    release: Release0
    paths: MemoryPaths
    rows: tuple[Rows, ...]

    @property
    def catalogue(self) -> Catalogue:
        """All N tracks."""
        return self.paths.catalogue

    def recollect(self, history: History, *, earlier: Recollection | None = None) -> Recollection:
        """`recollect` on a device, none of whose plays the statistics hold; lets go of what it read of the file."""
        recollection = recollect(history, paths=self.paths, counted=np.empty(0, np.int64), earlier=earlier)
        self.release.forget()
        return recollection

    def score(self, moments: Moments) -> Scored:
        """What the release's head says of the tracks that memory retrieved at `moments`."""
        return self.release.head.score(
            moments.situation, moments.candidates, moments.read(moments.candidates), self.rows
        )


def collect(release: Release0, further: DeviceTracks = NOTHING) -> Collection:
    """The release's tracks and `further` ones, with one array a modality in memory, in half precision, shared by all.

    Raises BadInput where a further track is the release's, or its vectors were made by another encoder than the
    release's, with which they cannot be compared.
    """
    twice = release.tracks.ids.places(further.ids) if len(further.ids) else {}
    if twice:
        raise BadInput(f"device tracks: {min(twice)} and {len(twice) - 1} more are in {release.name}; leave them out")
    rows = {name: _joined(name, held, further, release.forget) for name, held in release.modalities.items()}
    unknown = sorted(set(further.vectors) - set(rows))
    if unknown:
        raise BadInput(
            f"device tracks: {release.name} has no {unknown[0]} to compare them with; leave {unknown[0]} out"
        )
    artist, album = labelled(release.tracks, further.artists, further.albums)
    catalogue = Catalogue(
        name=release.name,
        track_ids=release.tracks.ids.and_(further.ids) if len(further.ids) else release.tracks.ids,
        artist=artist,
        album=album,
        modalities={},  # they are in `rows`, once
    )
    statistics = extended(release.statistics, tracks=len(catalogue), artists=int(artist.max(initial=0)) + 1)
    directions = tuple(modality.vectors for modality in rows.values())  # of unit length, and 0 where absent
    paths = MemoryPaths.of(statistics, catalogue, directions=directions)
    return Collection(release=release, paths=paths, rows=tuple(rows.values()))


def _joined(name: str, held: ReleasedModality, further: DeviceTracks, forget: Callable[[], None]) -> Rows:
    known, size = held.vectors.shape
    vectors = BrainVectors.empty(known + len(further.ids), size)
    present = np.concatenate([held.present, np.zeros(len(further.ids), np.bool_)])
    for start in range(0, known, _FORGOTTEN_AT_ONCE):
        vectors.put(start, held.vectors[start : start + _FORGOTTEN_AT_ONCE])
        forget()
    vectors.halves[:known][~held.present] = 0
    own = further.vectors.get(name)
    if own is not None:
        if own.encoder != held.encoder:
            raise BadInput(
                f"device tracks: their {name} is by {own.encoder}, the release's by {held.encoder}; encode it anew"
            )
        if own.raw.vectors.shape[1] != size:
            raise BadInput(f"device tracks: {name} has {own.raw.vectors.shape[1]} numbers a track and not {size}")
        centred = centre(own.raw, held.mean)
        vectors.put(known, centred.vectors)
        present[known:] = centred.present
    return Rows(vectors=vectors, present=present)
