from collections.abc import Callable

import numpy as np
import pytest

from shared_model.catalogue import Catalogue
from shared_model.head.inference import FrozenHead
from shared_model.head.shape import HeadShape
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.release_0.release import Release0, ReleasedModality, ReleasedTracks
from shared_model.release_0.strings import Strings

Made = Callable[..., Release0]
WORDS = ("", "Ave María", "Über allen Gipfeln", "夜曲", "a")


@pytest.fixture(scope="session")
def made() -> Made:
    """A release over invented tracks, from whose plays the statistics are counted."""

    def release(seed: int = 0, *, tracks: int = 20, sizes: dict[str, int] | None = None) -> Release0:
        draw = np.random.default_rng(seed)
        artist, album = draw.integers(-1, 6, size=tracks), draw.integers(-1, 9, size=tracks)
        modalities = {}
        for name, size in ({"lyrics": 7, "audio": 3} if sizes is None else sizes).items():
            vectors, present = draw.normal(size=(tracks, size)).astype(np.float32), draw.random(tracks) < 0.7
            vectors *= present[:, None] / np.linalg.norm(vectors, axis=1, keepdims=True)
            mean = draw.normal(size=size).astype(np.float32)
            modalities[name] = ReleasedModality(vectors=vectors, present=present, mean=mean, encoder=f"{name} 1")
        shape = HeadShape(
            modalities=tuple((name, held.vectors.shape[1]) for name, held in modalities.items()),
            width=5,
            attention_width=4,
        )
        parameters = {
            name: draw.normal(size=size).astype(np.float32) / 3 for name, size in sorted(shape.parameters().items())
        }
        catalogue = Catalogue(
            name="invented", track_ids=tuple(map(str, range(tracks))), artist=artist, album=album, modalities={}
        )
        listening = [draw.integers(tracks, size=draw.integers(30)) for _ in range(6)] if tracks else []
        words = list(draw.choice(WORDS, size=tracks))
        return Release0(
            name="invented",
            simulated=True,
            head=FrozenHead(shape=shape, parameters=parameters),
            tracks=ReleasedTracks(
                ids=Strings.of(catalogue.track_ids),
                titles=Strings.of(words),
                recording_mbids=Strings.of(reversed(words)),
                isrcs=Strings.of(words),
                artist=artist,
                album=album,
                artist_names=Strings.of(f"Artist {label}" for label in range(artist.max(initial=0) + 1)),
                album_names=Strings.of(f"Album {label}" for label in range(album.max(initial=0) + 1)),
            ),
            modalities=modalities,
            statistics=fit_public_statistics(listening, catalogue),
        )

    return release
