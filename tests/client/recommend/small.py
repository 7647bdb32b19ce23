"""A small release over invented tracks, whose titles say which they are, and heads that listen to one channel alone."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from client.consent.kinds import ListeningConsent, Receipt
from client.consent.purpose import WORDINGS, Purpose
from client.recommend.recommender import Recommender
from client.recommend.shelf import Shelf
from shared_model.catalogue import Catalogue
from shared_model.head.inference import FrozenHead
from shared_model.head.shape import HeadShape
from shared_model.history import History
from shared_model.memory.channels import CHANNELS
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.release_0.collection import collect
from shared_model.release_0.release import Release0, ReleasedModality, ReleasedTracks
from shared_model.release_0.strings import Strings

MODALITIES = {"lyrics": 7, "audio": 3}
DAY_S = 86_400
BEGAN_S = 1_700_000_000


def receipt(purpose: Purpose) -> Receipt:
    wording = WORDINGS[purpose]
    return Receipt(
        purpose=purpose, granted=True, wording_version=wording.version, wording_sha256=wording.sha256, at_s=1
    )


LISTENING = ListeningConsent(receipt(Purpose.LISTENING))


@dataclass(frozen=True)
class Small:
    """release; listening: all that its listeners played."""

    release: Release0
    listening: list[NDArray[np.int64]]

    def shelf(self) -> Shelf:
        """Of the release's tracks alone, no file among them."""
        collection = collect(self.release)
        nothing = np.zeros(len(collection.catalogue), np.bool_)
        return Shelf(collection=collection, own={}, index_of={}, in_library=nothing, left_out={}, said={})

    def recommender(self, played: NDArray[np.int64], head: FrozenHead | None = None) -> Recommender:
        return Recommender.prepare(self.shelf(), head or self.release.head, heard(played), consent=LISTENING)


def heard(tracks: NDArray[np.int64] | list[int]) -> History:
    """A play a day."""
    return History(
        listener="here",
        tracks=np.asarray(tracks, np.int64),
        started_at_s=BEGAN_S + DAY_S * np.arange(len(tracks), dtype=float),
    )


def small(seed: int = 0, *, tracks: int = 20, simulated: bool = True) -> Small:
    draw = np.random.default_rng(seed)
    artist, album = draw.integers(-1, 6, size=tracks), draw.integers(-1, 9, size=tracks)
    modalities = {}
    for name, size in MODALITIES.items():
        vectors, present = draw.normal(size=(tracks, size)).astype(np.float32), draw.random(tracks) < 0.7
        vectors *= present[:, None] / np.linalg.norm(vectors, axis=1, keepdims=True)
        modalities[name] = ReleasedModality(
            vectors=vectors, present=present, mean=np.zeros(size, np.float32), encoder=f"{name} 1"
        )
    shape = HeadShape(modalities=tuple(MODALITIES.items()), width=5, attention_width=4)
    parameters = {
        name: draw.normal(size=size).astype(np.float32) / 3 for name, size in sorted(shape.parameters().items())
    }
    ids = tuple(f"id {number}" for number in range(tracks))
    catalogue = Catalogue(name="small", track_ids=ids, artist=artist, album=album, modalities={})
    listening = [draw.integers(tracks, size=draw.integers(30)) for _ in range(3)]
    release = Release0(
        name="small",
        simulated=simulated,
        head=FrozenHead(shape=shape, parameters=parameters),
        tracks=ReleasedTracks(
            ids=Strings.of(ids),
            titles=Strings.of(f"T{number}" for number in range(tracks)),
            recording_mbids=Strings.of([None] * tracks),
            isrcs=Strings.of([None] * tracks),
            artist=artist,
            album=album,
            artist_names=Strings.of(f"Artist {label}" for label in range(artist.max(initial=0) + 1)),
            album_names=Strings.of(f"Album {label}" for label in range(album.max(initial=0) + 1)),
        ),
        modalities=modalities,
        statistics=fit_public_statistics(listening, catalogue),
    )
    return Small(release=release, listening=listening)


def only(release: Release0, *open_: str) -> FrozenHead:
    """A head whose gates let through the named modalities and channels alone, whatever the moment is."""
    gates = [*release.modalities, *CHANNELS]
    parameters = dict(release.head.parameters)
    for name in ("fusion.gate.weight", "fusion.state.weight"):
        parameters[name] = np.zeros_like(parameters[name])
    parameters["fusion.gate.bias"] = np.array([name in open_ for name in gates], np.float32)
    return replace(release.head, parameters=parameters)
