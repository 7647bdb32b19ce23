"""An invented release of many tracks, with statistics of invented plays: its size is real, its sense is none.

Letters: N tracks.
"""

import uuid
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import Catalogue
from shared_model.head.inference import FrozenHead
from shared_model.head.shape import HeadShape
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.release_0.release import Release0, ReleasedModality, ReleasedTracks
from shared_model.release_0.release_file import write_release_0
from shared_model.release_0.strings import Strings

WIDTHS = {"lyrics": 384, "audio": 64}
LISTENERS, PLAYS_EACH = 1_000, 1_000
_ALBUM, _ARTIST = 10, 30
_PRESENT = 0.9


def write_large_release(path: Path, *, tracks: int) -> None:
    """Write a release of `tracks` tracks and a million plays, vectors in half precision."""
    draw = np.random.default_rng(0)
    artist, album = np.arange(tracks) // _ARTIST, np.arange(tracks) // _ALBUM
    catalogue = Catalogue(
        name="large", track_ids=tuple(map(str, range(tracks))), artist=artist, album=album, modalities={}
    )
    shape = HeadShape(modalities=tuple(WIDTHS.items()))
    release = Release0(
        name="large",
        simulated=True,
        head=FrozenHead(
            shape=shape,
            parameters={
                name: (draw.normal(size=size) / 10).astype(np.float32) for name, size in shape.parameters().items()
            },
        ),
        tracks=ReleasedTracks(
            ids=Strings.of(catalogue.track_ids),
            titles=Strings.of(title_of(track) for track in range(tracks)),
            recording_mbids=Strings.of(str(uuid.UUID(int=track)) for track in range(tracks)),
            isrcs=Strings.of([""] * tracks),
            artist=artist,
            album=album,
            artist_names=Strings.of(f"An artist {number}" for number in range(int(artist[-1]) + 1)),
            album_names=Strings.of(f"An album {number}" for number in range(int(album[-1]) + 1)),
        ),
        modalities={name: _modality(name, tracks, draw) for name in WIDTHS},
        statistics=fit_public_statistics(
            [invented_plays(PLAYS_EACH, tracks=tracks, draw=draw) for _ in range(LISTENERS)], catalogue
        ),
    )
    write_release_0(release, path, half=True)


def title_of(track: int) -> str:
    """Title of a track; its artist is `artist_of`."""
    return f"A title of track {track}"


def artist_of(track: int) -> str:
    """Artist of a track."""
    return f"An artist {track // _ARTIST}"


def invented_plays(count: int, *, tracks: int, draw: np.random.Generator) -> NDArray[np.int64]:
    """Plays with popular tracks among them, two thirds of them in the order of an album."""
    popular = np.minimum((draw.pareto(0.7, size=count) * 30).astype(np.int64), tracks - 1) * 7919 % tracks
    in_order = (np.repeat(popular[::5], 5)[:count] + np.arange(count) % 5) % tracks
    return np.where(draw.random(count) < 2 / 3, in_order, popular)


def _modality(name: str, tracks: int, draw: np.random.Generator) -> ReleasedModality:
    vectors = draw.normal(size=(tracks, WIDTHS[name])).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    present = draw.random(tracks) < _PRESENT
    return ReleasedModality(
        vectors=vectors * present[:, None], present=present, mean=np.zeros(WIDTHS[name], np.float32), encoder=name
    )
