"""Descriptions of a sound, the encoder's and plainer ones, all from the same log-mel and of at most 64 numbers.

Letters: T samples, M mel bands, F frames, N excerpts, D numbers of a description.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from shared_model.encoders.audio_vae import LATENT, PATCHES_PER_TRACK, AudioVAE, band_moments
from shared_model.encoders.log_mel import spread_patches
from simulations.pretraining.free_music.corpus import Heard
from simulations.pretraining.free_music.pooling import SEED, excerpts_of, fisher

Vector = NDArray[np.float64]
Describe = Callable[[torch.Tensor], Vector]
"""Takes a spectrogram (M, F)."""


def mean_of(spectrogram: torch.Tensor) -> Vector:
    """The mean spectrum, (M,)."""
    return np.asarray(spectrogram.double().mean(dim=1))


def moments_of(spectrogram: torch.Tensor) -> Vector:
    """The mean and the variance of every band, (2M,)."""
    return np.asarray(band_moments(spectrogram[None, None].double())[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """Mean and variance of every band, around a mean, projected: (2M,) -> (D,)."""

    around: Vector
    projection: NDArray[np.float64]

    def __call__(self, spectrogram: torch.Tensor) -> Vector:
        """spectrogram: (M, F). Returns (D,)."""
        projected: Vector = (moments_of(spectrogram) - self.around) @ self.projection
        return projected


def fit_pca(vectors: NDArray[np.float64], *, whitened: bool) -> Linear:
    """The 64 directions of largest variance of (N, 2M), each divided by its deviation if they are to be whitened."""
    around = vectors.mean(axis=0)
    _, lengths, directions = np.linalg.svd(vectors - around, full_matrices=False)
    scale = np.sqrt(len(vectors)) / lengths[:LATENT] if whitened else np.ones(LATENT)
    return Linear(around=around, projection=directions[:LATENT].T * scale)


def encoder_of(vae: AudioVAE) -> Describe:
    """As `AudioEncoder` does, from a spectrogram that is there already."""
    vae.eval()

    def describe(spectrogram: torch.Tensor) -> Vector:
        with torch.inference_mode():
            patches = spread_patches(spectrogram, at_most=PATCHES_PER_TRACK)
            means, _ = vae.encode(patches)
            return np.asarray(vae.pool(means[None], patches[None])[0].double())

    return describe


def mean_latent_of(vae: AudioVAE) -> Describe:
    """The mean of the patches' posterior means alone, (Z,): what the pooling adds is the difference."""
    vae.eval()

    def describe(spectrogram: torch.Tensor) -> Vector:
        with torch.inference_mode():
            means, _ = vae.encode(spread_patches(spectrogram, at_most=PATCHES_PER_TRACK))
            return np.asarray(means.mean(dim=0).double())

    return describe


def plain_rivals(tracks: Sequence[Heard], folder: Path) -> dict[str, Describe]:
    """All that needs no network, fitted on the same excerpts of the same tracks as the encoder's last step is."""
    draw, moments, whose = np.random.default_rng(SEED), [], []
    for number, track in enumerate(tracks):
        for excerpt in excerpts_of(track, folder, draw):
            moments.append(moments_of(excerpt))
            whose.append(number)
    stacked = np.stack(moments)
    return {
        "log-mel mean": mean_of,
        "PCA of mean and variance": fit_pca(stacked, whitened=False),
        "the same, whitened": fit_pca(stacked, whitened=True),
        "Fisher's discriminant of them": Linear(
            around=stacked.mean(axis=0), projection=fisher(stacked, np.array(whose))
        ),
    }
