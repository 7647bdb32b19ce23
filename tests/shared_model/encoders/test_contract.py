"""docs/encoders.md, line by line, for the shipped encoders and for somebody's own."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from shared_model.encoders.audio_vae import LATENT, WEIGHTS, AudioEncoder, AudioVAE, VaeShape, name_of
from shared_model.encoders.lyrics import LyricsEncoder
from shared_model.encoders.whitening import FILE, PROBE, fit_whitening, write_whitening

TEXTS = ("the moon the sea", "rain road heart", "mond meer " * 300)


@pytest.fixture(params=["shipped", "own", "own, whitened"])
def lyrics(request: pytest.FixtureRequest, tiny_folder: Path, tmp_path: Path) -> LyricsEncoder:
    if request.param == "shipped":
        return request.getfixturevalue("e5")
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "my-encoder-2"))
    if request.param == "own, whitened":
        plain, draw = LyricsEncoder(folder), np.random.default_rng(0)
        some = [" ".join(draw.choice(["the", "moon", "sea", "rain", "heart"], 6)) for _ in range(50)]
        probe = plain.encode_raw([PROBE]).vectors[0]
        write_whitening(fit_whitening(plain.encode_raw(some), size=5, power=0.5, probe=probe), folder / FILE, about={})
    return LyricsEncoder(folder)


def test_lyrics_are_float32_of_unit_length_and_missing_where_there_are_none(lyrics: LyricsEncoder) -> None:
    found = lyrics.encode([*TEXTS, None, "", "Instrumental"])
    assert found.vectors.shape == (6, lyrics.dimension)
    assert found.vectors.dtype == np.float32
    assert found.present.tolist() == [True, True, True, False, False, False]
    np.testing.assert_allclose(np.linalg.norm(found.vectors[:3], axis=1), 1, atol=1e-5)
    assert not found.vectors[3:].any()


def test_a_text_has_one_vector_whatever_is_encoded_beside_it(lyrics: LyricsEncoder) -> None:
    together = lyrics.encode(TEXTS).vectors
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(lyrics.encode([text]).vectors[0], vector)


def test_a_lyrics_encoder_is_named_by_its_folder_and_its_statistics(lyrics: LyricsEncoder) -> None:
    assert re.fullmatch(r"[\w-]+( whitened sha256:[0-9a-f]{64})?", lyrics.name)
    assert ("whitened" in lyrics.name) == (lyrics.dimension in (5, 192))


@pytest.fixture(params=["shipped", "own"])
def weights(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "shipped":
        return WEIGHTS
    torch.manual_seed(0)
    vae = AudioVAE(VaeShape(encoder=(8, 8, 8, 8), decoder=(8, 8, 8, 8), latent=LATENT, pooled=False))
    save_file({name: tensor.contiguous() for name, tensor in vae.state_dict().items()}, tmp_path / "own.safetensors")
    return tmp_path / "own.safetensors"


def test_sound_is_sixty_four_numbers_under_the_name_of_the_file_and_silence_is_missing(weights: Path) -> None:
    encoder = AudioEncoder(weights)
    sound = 0.1 * torch.randn(60_000, generator=torch.Generator().manual_seed(1))
    for rate_hz in (8_000, 22_050, 48_000):
        vector = encoder.encode(sound, rate_hz)
        assert vector is not None
        assert (vector.shape, vector.dtype) == ((64,), np.dtype(np.float32))
    assert encoder.encode(torch.zeros(60_000), 16_000) is None
    assert encoder.encode(torch.full((60_000,), 0.3), 16_000) is None
    assert encoder.name == name_of(weights)
    assert re.fullmatch(r"audio_vae sha256:[0-9a-f]{64}", encoder.name)
