import hashlib

from shared_model.release_0.collection import collect
from shared_model.release_0.release_file import read_release_0
from shared_model.release_0.starter import STARTER
from simulations.datasets.lieder_vectors import load_centring
from simulations.datasets.song_facts import EMBEDDED


def test_the_starter_is_small_and_says_that_its_listeners_were_simulated() -> None:
    release, card = read_release_0(STARTER), STARTER.with_name("STARTER.md").read_text(encoding="utf-8")
    assert STARTER.stat().st_size <= 4_000_000
    assert release.simulated
    assert "SIMULATED" in card
    assert release.sha256 == hashlib.sha256(STARTER.read_bytes()).hexdigest()
    assert release.sha256 in card


def test_the_starter_is_of_the_embedded_songs_and_encoders() -> None:
    release = read_release_0(STARTER)
    assert {name: held.encoder for name, held in release.modalities.items()} == {
        name: encoder for name, (encoder, _) in load_centring(EMBEDDED.with_name("vectors.safetensors")).items()
    }
    assert len(collect(release).catalogue) == len(release.tracks) == 1341
