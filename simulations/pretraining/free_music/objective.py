"""What the pooled VAE learns: to give back the clean patch, few nats, and one vector for two excerpts of a track.

Evidence lower bound with a denoising target (Vincent et al., 2008; Im et al., arXiv:1511.06406), and NT-Xent between
the tracks of a batch (Chen et al., arXiv:2002.05709). Letters: N tracks, W patches of an excerpt, Z latents, V = 64.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from shared_model.encoders.audio_vae import AudioVAE
from simulations.pretraining.free_music.draw import Batch
from simulations.pretraining.free_music.fit import DECODER_DEVIATION, kl_nats

CONTRAST_NATS: Final = 100.0
"""Weight of the contrast: a patch costs some 1,500 nats to give back at first, telling 16 tracks apart only 4."""

TEMPERATURE: Final = 0.1
DECODED: Final = 1
"""Patches of an excerpt that are decoded: the bound is estimated on a quarter of them, for half of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Means over a batch, scalars. error: squared error / (2 deviation^2) a patch; kl: nats a patch; contrast: nats."""

    error: Tensor
    kl: Tensor
    contrast: Tensor

    def total(self, *, beta: float) -> Tensor:
        """What is minimised; beta weighs the KL."""
        return self.error + beta * self.kl + CONTRAST_NATS * self.contrast


def losses(vae: AudioVAE, batch: Batch, *, generator: torch.Generator) -> Losses:
    """Of one batch, with one sample of z for each decoded patch."""
    tracks, excerpts, patches = batch.heard.shape[:3]
    mean, log_variance = (one.view(-1, patches, one.shape[1]) for one in vae.encode(batch.heard.flatten(0, 2)))
    vectors = vae.pool(mean, batch.heard.flatten(0, 1))
    decoded_mean, decoded_variance = mean[:, :DECODED].flatten(0, 1), log_variance[:, :DECODED].flatten(0, 1)
    noise = torch.randn(decoded_mean.shape, generator=generator)
    decoded = vae.decode(decoded_mean + noise * (0.5 * decoded_variance).exp())
    clean = batch.clean[:, :, :DECODED].flatten(0, 2)
    return Losses(
        error=(decoded - clean).square().sum(dim=(1, 2)).mean() / (2 * DECODER_DEVIATION**2),
        kl=kl_nats(mean.flatten(0, 1), log_variance.flatten(0, 1)).mean(),
        contrast=contrast(vectors.view(tracks, excerpts, -1)),
    )


def contrast(vectors: Tensor) -> Tensor:
    """NT-Xent of two excerpts of every track, (N, 2, V) -> a scalar: the other excerpt of the track among all others.

    By cosine around the batch's mean, as catalogues compare tracks around their mean.
    """
    flat = vectors.transpose(0, 1).flatten(0, 1)  # all first excerpts, then all second ones
    around = torch.nn.functional.normalize(flat - flat.mean(dim=0), dim=1)
    similarity = around @ around.T / TEMPERATURE
    similarity = similarity.masked_fill(torch.eye(len(flat), dtype=torch.bool), -torch.inf)
    others = torch.arange(len(flat)).roll(len(vectors))
    return torch.nn.functional.cross_entropy(similarity, others)
