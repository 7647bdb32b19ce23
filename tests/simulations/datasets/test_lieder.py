import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from shared_model.catalogue import Modality
from shared_model.errors import BadInput
from simulations.datasets.dataset import Dataset
from simulations.datasets.lieder import load_lieder
from simulations.datasets.lieder_vectors import Embedded, save_vectors
from simulations.datasets.song_facts import EMBEDDED, load_song_facts
from simulations.simulated_listeners.population import SimulatedPopulation

_PUBLIC = SimulatedPopulation(listeners=15, checkin_rate=None, mean_plays=60.0)
_PRIVATE = SimulatedPopulation(listeners=25, mean_plays=60.0)


def _write_vectors(folder: Path, *, seed: int) -> None:
    """Random directions for the songs of the folder's songs.json, two of which have no audio."""
    track_ids = [song.id for song in load_song_facts(folder / "songs.json")]
    vectors = np.random.default_rng(seed).standard_normal((len(track_ids), 8)).astype(np.float32)
    present = np.ones(len(track_ids), dtype=np.bool_)
    audible = np.arange(len(track_ids)) >= 2
    mean = np.zeros(8, dtype=np.float32)
    modalities = {
        "lyrics": Embedded(modality=Modality(vectors=vectors, present=present), mean=mean),
        "audio": Embedded(modality=Modality(vectors=vectors * audible[:, None], present=audible), mean=mean),
    }
    save_vectors(
        folder / "vectors.safetensors", modalities, track_ids=track_ids, encoders={"lyrics": "none", "audio": "none"}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(EMBEDDED, tmp_path)
    _write_vectors(tmp_path, seed=0)
    return tmp_path


def _load(folder: Path) -> Dataset:
    return load_lieder(folder, public=_PUBLIC, private=_PRIVATE, seed=0)


def test_the_lieder_are_a_simulated_data_set_of_two_populations(folder):
    lieder = _load(folder)
    assert lieder.simulated
    assert (len(lieder.public), len(lieder.private)) == (15, 25)
    assert all(history.states is None for history in lieder.public)
    assert all(history.states is not None for history in lieder.private)


def test_tracks_and_their_vectors_stand_in_the_order_of_the_songs(folder):
    catalogue = _load(folder).catalogue
    assert catalogue.track_ids == tuple(song.id for song in load_song_facts(folder / "songs.json"))
    assert set(catalogue.modalities) == {"lyrics", "audio"}
    assert np.flatnonzero(~catalogue.modalities["audio"].present).tolist() == [0, 1]


def test_an_artist_is_a_composer_and_an_album_a_cycle(folder):
    catalogue = _load(folder).catalogue
    facts = load_song_facts(folder / "songs.json")
    assert len({(song.composer, artist) for song, artist in zip(facts, catalogue.artist, strict=True)}) == 107
    assert [-1 if song.cycle is None else song.cycle for song in facts] == catalogue.album.tolist()


def test_the_listeners_do_not_depend_on_the_vectors(folder):
    """Else the simulation would test itself."""
    before = _load(folder)
    _write_vectors(folder, seed=1)
    after = _load(folder)
    assert not np.array_equal(
        before.catalogue.modalities["lyrics"].vectors, after.catalogue.modalities["lyrics"].vectors
    )
    for one, other in zip(before.public + before.private, after.public + after.private, strict=True):
        assert np.array_equal(one.tracks, other.tracks)


def test_a_folder_without_vectors_is_refused(folder):
    (folder / "vectors.safetensors").unlink()
    with pytest.raises(BadInput, match="datasets build lieder"):
        _load(folder)


def test_vectors_of_other_songs_are_refused(folder):
    songs = json.loads((folder / "songs.json").read_text())
    (folder / "songs.json").write_text(json.dumps(songs[:-1]))
    with pytest.raises(BadInput, match="other songs"):
        _load(folder)


def test_the_embedded_lieder_are_the_default():
    catalogue = load_lieder(public=_PUBLIC, private=_PRIVATE, seed=0).catalogue
    assert len(catalogue) == 1_341
    assert catalogue.modalities["lyrics"].present.all()
    assert (~catalogue.modalities["audio"].present).sum() == 13
