"""How well an audio VAE has learned its spectrograms.

Kingma and Welling, 2014 (arXiv:1312.6114). Letters: B patches, M mel bands, P frames, Z latent numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from shared_model.encoders.audio_vae import AudioVAE
from shared_model.encoders.log_mel import spread_patches

BATCH: Final = 64
"""Patches that are encoded at once."""

DECODER_DEVIATION: Final = 0.5
"""Standard deviation of p(x|z), in normalised log-mel: half of the data's own. It sets what is worth a nat."""

ACTIVE_VARIANCE: Final = 0.01
"""A latent is active where the variance of its posterior mean over the data is above this (Burda et al., 2016)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Quality on a corpus' validation tracks.

    explained: 1 - (squared error / variance of the patches), reconstructing from the posterior mean;
    kl_nats: KL(q(z|x) || N(0, 1)), mean per patch; active_units: of Z.
    """

    explained: float
    kl_nats: float
    active_units: int


def kl_nats(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) in nats, (B, Z) -> (B,)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)


@torch.no_grad()
def measure(vae: AudioVAE, tracks: Sequence[Tensor]) -> Fit:
    """The fit over patches spread evenly over every track."""
    patches = torch.cat([spread_patches(track, at_most=8) for track in tracks]).float()
    means, kls, errors = [], [], []
    for batch in torch.split(patches, BATCH):
        mean, log_variance = vae.encode(batch)
        means.append(mean)
        kls.append(kl_nats(mean, log_variance))
        errors.append((vae.decode(mean) - batch).square().mean(dim=(1, 2)))
    return Fit(
        explained=float(1 - torch.cat(errors).mean() / patches.var()),
        kl_nats=float(torch.cat(kls).mean()),
        active_units=int((torch.cat(means).var(dim=0) > ACTIVE_VARIANCE).sum()),
    )
