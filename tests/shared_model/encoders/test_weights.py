"""The weights that are shipped."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from shared_model.encoders.audio_vae import LATENT, WEIGHTS, AudioEncoder, shape_of
from simulations.pretraining.clips import read_clip

CARD = WEIGHTS.with_name("MODEL_CARD.md")
FIXTURES = Path(__file__).with_name("fixtures")


@pytest.fixture(scope="module")
def encoder() -> AudioEncoder:
    return AudioEncoder()


def test_they_are_small_pooled_and_of_half_precision() -> None:
    tensors = load_file(WEIGHTS)
    assert WEIGHTS.stat().st_size < 16 * 2**20
    assert shape_of(tensors).pooled
    assert shape_of(tensors).moments
    assert {str(tensor.dtype) for tensor in tensors.values()} == {"torch.float16"}
    assert all(bool(tensor.isfinite().all()) for tensor in tensors.values())


def test_the_model_card_names_this_very_file() -> None:
    card = CARD.read_text(encoding="utf-8")
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() in card
    assert f"{sum(tensor.numel() for tensor in load_file(WEIGHTS).values()):,} numbers" in card


def melody(timbre: int, *, seed: int) -> torch.Tensor:
    """Six seconds at 24 kHz of notes whose overtones are the instrument's own, in a faint noise."""
    rate_hz, draw = 24_000, np.random.default_rng(seed)
    weights = np.random.default_rng(1000 + timbre).uniform(0, 1, 12) ** 3
    hertz = np.repeat(220 * 2 ** (draw.integers(0, 12, 24) / 12), rate_hz // 4)
    phase = 2 * np.pi * np.cumsum(hertz) / rate_hz
    waves = sum(weight * np.sin((number + 1) * phase) for number, weight in enumerate(weights))
    return torch.from_numpy(0.1 * waves + 0.001 * draw.standard_normal(len(hertz))).float()


def test_two_melodies_of_an_instrument_are_nearer_than_two_instruments(encoder: AudioEncoder) -> None:
    vectors = np.array(
        [[encoder.encode(melody(timbre, seed=2 * timbre + one), 24_000) for one in (0, 1)] for timbre in range(20)]
    )
    assert vectors.shape == (20, 2, LATENT)
    around = vectors - vectors.mean(axis=(0, 1))
    around /= np.linalg.norm(around, axis=2, keepdims=True)
    cosines = around[:, 0] @ around[:, 1].T
    assert (cosines.argmax(axis=1) == np.arange(20)).mean() > 0.6  # chance is .05


def test_a_recording_read_in_parts_has_the_vector_of_the_whole(encoder: AudioEncoder) -> None:
    waveform, rate_hz = read_clip(FIXTURES / "drum.flac")
    long = waveform.repeat(60)
    whole = encoder.encode(long, rate_hz)
    parts = encoder.encode_parts(lambda begin, end: long[begin:end], samples=len(long), sample_rate_hz=rate_hz)
    assert whole is not None
    assert parts is not None
    assert whole @ parts / np.linalg.norm(whole) / np.linalg.norm(parts) > 0.9999
