"""Descriptions of a sound, the encoder's and plainer ones, all from the same log-mel and of at most 64 numbers.

Letters: T samples, M mel bands, F frames, N excerpts, D numbers of a description.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from shared_model.encoders.audio_vae import LATENT, PATCHES_PER_TRACK, AudioVAE
from shared_model.encoders.log_mel import spread_patches
from simulations.pretraining.free_music.corpus import Heard

Vector = NDArray[np.float64]
Describe = Callable[[torch.Tensor], Vector]
"""Takes a spectrogram (M, F)."""

FITTED_ON_FRAMES: Final = 1500
"""Half a minute, as of the excerpts."""

MOST_FITTED: Final = 12
"""Excerpts of one track that the plain rivals are fitted on, spread over it."""


def mean_of(spectrogram: torch.Tensor) -> Vector:
    """The mean spectrum, (M,)."""
    return np.asarray(spectrogram.double().mean(dim=1))


def mean_and_variance_of(spectrogram: torch.Tensor) -> Vector:
    """The mean and the variance of every band, (2M,)."""
    return np.concatenate([mean_of(spectrogram), np.asarray(spectrogram.double().var(dim=1))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """Mean and variance of every band, around a mean, projected: (2M,) -> (D,)."""

    around: Vector
    projection: NDArray[np.float64]

    def __call__(self, spectrogram: torch.Tensor) -> Vector:
        """spectrogram: (M, F). Returns (D,)."""
        projected: Vector = (mean_and_variance_of(spectrogram) - self.around) @ self.projection
        return projected


def fit_pca(vectors: NDArray[np.float64], *, whitened: bool) -> Linear:
    """The 64 directions of largest variance of (N, 2M), each divided by its deviation if they are to be whitened."""
    around = vectors.mean(axis=0)
    _, lengths, directions = np.linalg.svd(vectors - around, full_matrices=False)
    scale = np.sqrt(len(vectors)) / lengths[:LATENT] if whitened else np.ones(LATENT)
    return Linear(around=around, projection=directions[:LATENT].T * scale)


def fit_discriminant(vectors: NDArray[np.float64], track: NDArray[np.int64]) -> Linear:
    """Fisher's directions: the 64 that tell tracks apart best, by what varies between them over what varies within.

    What the contrast teaches the encoder, given to a linear rival: (N, 2M) and whose excerpt each row is, (N,).
    """
    around = vectors.mean(axis=0)
    _, index = np.unique(track, return_inverse=True)
    centres = np.stack([vectors[index == one].mean(axis=0) for one in range(index.max() + 1)])
    within = vectors - centres[index]
    scatter = within.T @ within / len(vectors)
    scatter += 0.01 * np.trace(scatter) / len(scatter) * np.eye(len(scatter))
    values, axes = np.linalg.eigh(scatter)
    whitening = axes / np.sqrt(values)
    between = (centres - around) @ whitening
    _, _, directions = np.linalg.svd(between, full_matrices=False)
    return Linear(around=around, projection=whitening @ directions[:LATENT].T)


def encoder_of(vae: AudioVAE) -> Describe:
    """As `AudioEncoder` does, from a spectrogram that is there already."""
    vae.eval()

    def describe(spectrogram: torch.Tensor) -> Vector:
        with torch.inference_mode():
            means, _ = vae.encode(spread_patches(spectrogram, at_most=PATCHES_PER_TRACK))
            return np.asarray(vae.pool(means[None])[0].double())

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
    """Chance apart, all that needs no network, fitted on excerpts of the tracks that the encoder was trained on."""
    vectors, whose = [], []
    for number, track in enumerate(tracks):
        frames = track.spectrogram(folder)
        size = min(FITTED_ON_FRAMES, len(frames) // 2)
        count = min(MOST_FITTED, len(frames) // size)
        for begin in np.linspace(0, len(frames) - size, count).astype(int):
            vectors.append(mean_and_variance_of(torch.from_numpy(np.array(frames[begin : begin + size])).float().T))
            whose.append(number)
    stacked = np.stack(vectors)
    return {
        "log-mel mean": mean_of,
        "PCA of mean and variance": fit_pca(stacked, whitened=False),
        "the same, whitened": fit_pca(stacked, whitened=True),
        "Fisher's discriminant of mean and variance": fit_discriminant(stacked, np.array(whose)),
    }
