import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from shared_model.catalogue import Modality
from shared_model.encoders.audio_vae import AudioEncoder
from shared_model.encoders.e5_folder import WHITENING
from shared_model.encoders.encoder_name import version
from shared_model.errors import BadInput
from simulations.datasets.lieder_vectors import Embedded, load_vectors, save_vectors
from simulations.datasets.song_facts import EMBEDDED, load_song_facts

IDS = ("a", "b", "c")
VECTORS = EMBEDDED.with_name("vectors.safetensors")


def invented(dimension: int) -> Embedded:
    vectors = np.random.default_rng(dimension).standard_normal((3, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[1] = 0
    present = np.array([True, False, True])
    return Embedded(modality=Modality(vectors=vectors, present=present), mean=np.ones(dimension, dtype=np.float32))


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "vectors.safetensors"
    vectors = {"lyrics": invented(384), "audio": invented(64)}
    save_vectors(path, vectors, track_ids=IDS, encoders={"lyrics": "tiny-bert", "audio": "audio_vae"})
    return path


def test_what_is_saved_is_loaded_to_half_precision(stored: Path) -> None:
    loaded = load_vectors(stored, track_ids=IDS)
    assert list(loaded) == ["lyrics", "audio"]
    for modality, dimension in [(loaded["lyrics"], 384), (loaded["audio"], 64)]:
        np.testing.assert_allclose(modality.vectors, invented(dimension).modality.vectors, atol=1e-3)
        np.testing.assert_allclose(np.linalg.norm(modality.vectors, axis=1), [1, 0, 1], atol=1e-6)
        assert modality.vectors.dtype == np.float32
        assert modality.present.tolist() == [True, False, True]


@pytest.mark.parametrize("ids", [("a", "c", "b"), ("a", "b"), ("a", "b", "c", "d"), ()])
def test_vectors_of_other_songs_are_refused(stored: Path, ids: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match=f"was built for other songs than the {len(ids)} listed; rebuild it"):
        load_vectors(stored, track_ids=ids)


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_truncated_file_is_refused(stored: Path, kept: int) -> None:
    stored.write_bytes(stored.read_bytes()[:kept])
    with pytest.raises(BadInput, match="is truncated or no safetensors file; rebuild it"):
        load_vectors(stored, track_ids=IDS)


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    save_file({"lyrics": np.zeros((3, 2), dtype=np.float32)}, path)
    with pytest.raises(BadInput, match="is no file of 'sottovoce vectors 1'"):
        load_vectors(path, track_ids=IDS)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_vectors(tmp_path / "absent.safetensors", track_ids=IDS)


def test_the_embedded_lieder_are_1341_songs_of_which_1328_can_be_heard() -> None:
    vectors = load_vectors(VECTORS, track_ids=[song.id for song in load_song_facts(EMBEDDED)])
    assert vectors["lyrics"].vectors.shape == (1341, 192)
    assert vectors["audio"].vectors.shape == (1341, 64)
    assert vectors["lyrics"].present.all()
    assert vectors["audio"].present.sum() == 1328
    for modality in vectors.values():
        lengths = np.linalg.norm(modality.vectors, axis=1)
        np.testing.assert_allclose(lengths, modality.present, atol=1e-6)
        cosines = modality.vectors @ modality.vectors.T
        assert abs(cosines.mean()) < 0.05  # centred: nothing is shared by all


def test_the_embedded_lieder_name_the_encoders_that_are_installed() -> None:
    with safe_open(VECTORS, framework="numpy") as file:
        encoders = json.loads(file.metadata()["sottovoce"])["encoders"]
    audio = f"audio_vae sha256:{AudioEncoder().weights_sha256}"
    assert encoders == {"lyrics": "multilingual-e5-small" + version("whitened", WHITENING), "audio": audio}
