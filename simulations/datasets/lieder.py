"""The embedded lieder: 1,341 public-domain songs as facts and vectors, heard by simulated listeners."""

from pathlib import Path

import numpy as np

from shared_model.catalogue import UNKNOWN, Catalogue
from simulations.datasets.dataset import Dataset
from simulations.datasets.lieder_vectors import load_vectors
from simulations.datasets.song_facts import EMBEDDED, load_song_facts
from simulations.simulated_listeners.listening import simulate_listeners
from simulations.simulated_listeners.population import SimulatedPopulation


def load_lieder(
    folder: Path | None = None, *, public: SimulatedPopulation, private: SimulatedPopulation, seed: int
) -> Dataset:
    """The catalogue with two populations of simulated listeners.

    folder: holds songs.json and vectors.safetensors; by default the embedded one. A track's artist is its composer, its
    album the cycle it was published in. The same seed gives the same listeners; both populations share the popularity
    of songs and nothing else. Raises BadInput where a file of the folder cannot be read or the two files do not
    describe the same songs.
    """
    folder = EMBEDDED.parent if folder is None else folder
    facts = load_song_facts(folder / "songs.json")
    track_ids = tuple(song.id for song in facts)
    composers = {composer: number for number, composer in enumerate(dict.fromkeys(song.composer for song in facts))}
    catalogue = Catalogue(
        name="lieder",
        track_ids=track_ids,
        artist=np.array([composers[song.composer] for song in facts], dtype=np.int64),
        album=np.array([UNKNOWN if song.cycle is None else song.cycle for song in facts], dtype=np.int64),
        modalities=load_vectors(folder / "vectors.safetensors", track_ids=track_ids),
    )
    return Dataset(
        name="lieder",
        catalogue=catalogue,
        public=simulate_listeners(facts, public, seed=seed, prefix="public"),
        private=simulate_listeners(facts, private, seed=seed, prefix="private"),
        simulated=True,
    )
