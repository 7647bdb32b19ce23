from pathlib import Path

import numpy as np
import pytest
import torch

from shared_model.encoders.audio_vae import AudioVAE, VaeShape
from shared_model.encoders.log_mel import MEL_BANDS
from shared_model.errors import BadInput
from simulations.pretraining.free_music.corpus import Heard
from simulations.pretraining.free_music.pooling import describe, excerpts_of, fisher, fit_pooling

SMALL = VaeShape(encoder=(8, 8, 8, 8), decoder=(8, 8, 8, 8), latent=6, pooled=True)


def heard(folder: Path, number: int, *, frames: int, parts: tuple[str, ...] = ()) -> Heard:
    draw = np.random.default_rng(number)
    levels = np.random.default_rng(number).normal(size=(1, MEL_BANDS))
    np.save(folder / f"{number}.npy", (levels + draw.normal(size=(frames, MEL_BANDS))).astype(np.float16))
    return Heard(
        clean=f"{number}.npy",
        parts=parts,
        path="a",
        package="a",
        artist=None,
        licence="CC0",
        seconds=frames / 50,
        split="training",
    )


def nearest_is_of_the_same_track(vectors: np.ndarray, track: np.ndarray) -> float:
    around = vectors - vectors.mean(axis=0)
    around /= np.linalg.norm(around, axis=1, keepdims=True)
    scores = around @ around.T
    np.fill_diagonal(scores, -1)
    return float((track[scores.argmax(axis=1)] == track).mean())


def test_directions_are_found_that_the_largest_variance_hides() -> None:
    draw = np.random.default_rng(1)
    track = np.repeat(np.arange(100), 5)
    vectors = draw.normal(size=(500, 128))
    vectors[:, :70] *= 20  # noise
    vectors[:, 70:] += draw.normal(size=(100, 58))[track] * 2
    assert nearest_is_of_the_same_track(vectors, track) < 0.3
    assert nearest_is_of_the_same_track(vectors @ fisher(vectors, track), track) > 0.9


def test_within_tracks_no_direction_varies_much_more_than_another() -> None:
    draw = np.random.default_rng(2)
    track = np.repeat(np.arange(200), 10)
    vectors = draw.normal(size=(200, 80))[track] + draw.normal(size=(2_000, 80)) * np.geomspace(0.5, 2, 80)
    placed = vectors @ fisher(vectors, track)
    within = placed - np.stack([placed[track == one].mean(axis=0) for one in range(200)])[track]
    assert within.std(axis=0).max() / within.std(axis=0).min() < 1.3


def test_a_fitted_encoder_gives_the_discriminant_of_what_it_gave_and_of_the_bands(tmp_path: Path) -> None:
    torch.manual_seed(0)
    vae = AudioVAE(SMALL)
    tracks = [heard(tmp_path, number, frames=250) for number in range(70)]
    fitted = fit_pooling(vae, tracks, tmp_path)
    assert fitted.shape.moments
    assert torch.equal(fitted.posterior.weight, vae.posterior.weight)
    again = fit_pooling(vae, tracks, tmp_path)
    assert all(torch.equal(one, again.state_dict()[name]) for name, one in fitted.state_dict().items())
    whole = [torch.from_numpy(np.load(tmp_path / track.clean)).float().T for track in tracks]
    halves = [half for one in whole for half in (one[:, :120], one[:, 120:])]
    plain = np.stack([describe(vae, half)[:64] for half in halves])
    better = np.stack([describe(fitted, half)[:64] for half in halves])
    track = np.repeat(np.arange(70), 2)
    assert nearest_is_of_the_same_track(better, track) > max(0.8, nearest_is_of_the_same_track(plain, track))


def test_excerpts_are_clean_listened_to_and_lossy(tmp_path: Path) -> None:
    np.save(tmp_path / "lossy.npy", np.ones((2, 900, MEL_BANDS), dtype=np.float16))
    np.save(tmp_path / "silent.npy", np.zeros((2, 0, 0), dtype=np.float16))
    track = heard(tmp_path, 0, frames=4_000, parts=("lossy.npy", "silent.npy"))
    found = excerpts_of(track, tmp_path, np.random.default_rng(0))
    assert [one.shape for one in found] == [(MEL_BANDS, 1500)] * 4 + [(MEL_BANDS, 900)]
    assert len(excerpts_of(heard(tmp_path, 1, frames=400), tmp_path, np.random.default_rng(0))) == 4


def test_too_few_tracks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="3 tracks cannot fit 64 numbers"):
        fit_pooling(AudioVAE(SMALL), [heard(tmp_path, number, frames=400) for number in range(3)], tmp_path)
