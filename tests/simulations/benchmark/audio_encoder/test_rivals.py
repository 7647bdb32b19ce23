import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from shared_model.encoders.audio_vae import WEIGHTS, AudioEncoder, AudioVAE, VaeShape, shape_of
from shared_model.encoders.log_mel import MEL_BANDS, log_mel
from simulations.benchmark.audio_encoder import rivals
from simulations.pretraining.free_music.corpus import read_corpus_index

SMALL = VaeShape(encoder=(8, 8, 8, 8), decoder=(8, 8, 8, 8), latent=6, pooled=True)


def rows(count: int, *, seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return draw.normal(size=(count, 2 * MEL_BANDS)) @ draw.normal(size=(2 * MEL_BANDS, 2 * MEL_BANDS)) + 3


def test_pca_keeps_as_much_variance_as_sixty_four_directions_can() -> None:
    vectors = rows(500)
    fitted = rivals.fit_pca(vectors, whitened=False)
    kept = ((vectors - fitted.around) @ fitted.projection).var(axis=0).sum()
    largest = np.sort(np.linalg.eigvalsh(np.cov(vectors.T, bias=True)))[::-1][:64].sum()
    np.testing.assert_allclose(kept, largest)


def test_whitened_directions_vary_by_one_and_are_uncorrelated() -> None:
    vectors = rows(500)
    fitted = rivals.fit_pca(vectors, whitened=True)
    whitened = (vectors - fitted.around) @ fitted.projection
    np.testing.assert_allclose(np.cov(whitened.T, bias=True), np.eye(64), atol=1e-6)


def test_the_encoder_is_described_as_it_describes() -> None:
    tensors = {name: tensor.float() for name, tensor in load_file(WEIGHTS).items()}
    vae = AudioVAE(shape_of(tensors))
    vae.load_state_dict(tensors)
    sound = torch.randn(400_000, generator=torch.Generator().manual_seed(0))
    spectrogram = log_mel(sound, 16_000)
    assert spectrogram is not None
    theirs = AudioEncoder().encode(sound, 16_000)
    assert theirs is not None
    np.testing.assert_allclose(rivals.encoder_of(vae)(spectrogram), theirs, atol=1e-5)


def test_rivals_are_fitted_on_the_corpus_and_have_sixty_four_numbers(tmp_path: Path) -> None:
    draw, index = np.random.default_rng(0), []
    for number in range(70):
        np.save(tmp_path / f"{number}.npy", draw.normal(number % 7, 1, (1000, MEL_BANDS)).astype(np.float16))
        track = {"clean": f"{number}.npy", "parts": [], "path": "a", "package": "a", "artist": None}
        index.append({**track, "licence": "CC0", "seconds": 20.0, "split": "training"})
    (tmp_path / "corpus.json").write_text(json.dumps(index))
    found = rivals.plain_rivals(read_corpus_index(tmp_path), tmp_path)
    spectrogram = torch.randn(MEL_BANDS, 700, generator=torch.Generator().manual_seed(1))
    assert [describe(spectrogram).shape for describe in found.values()] == [(64,)] * 4
