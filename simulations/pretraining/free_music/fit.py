"""Learning an audio VAE from spectrograms: the loss, the loop and how well it went.

Kingma and Welling, 2014 (arXiv:1312.6114). Letters: B patches, M mel bands, P frames, Z latent numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from shared_model.encoders.audio_vae import AudioVAE
from shared_model.encoders.log_mel import spread_patches
from simulations.pretraining.spectrogram_corpus import Corpus, draw_patches

BATCH: Final = 64
PEAK_LEARNING_RATE: Final = 2e-3
LARGEST_GRADIENT: Final = 1e3
KL_WARM_UP_SHARE: Final = 0.3
"""Of all steps, during which beta rises from 0 to 1: else the posterior collapses before the decoder can use it
(Bowman et al., 2016)."""

DECODER_DEVIATION: Final = 0.5
"""Standard deviation of p(x|z), in normalised log-mel: half of the data's own. It sets what is worth a nat."""

ACTIVE_VARIANCE: Final = 0.01
"""A latent is active where the variance of its posterior mean over the data is above this (Burda et al., 2016)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Quality on a corpus' validation tracks.

    explained: 1 - (squared error / variance of the patches), reconstructing from the posterior mean;
    kl_nats: KL(q(z|x) || N(0, 1)), mean per patch; active_units: of 64.
    """

    explained: float
    kl_nats: float
    active_units: int


def kl_nats(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) in nats, (B, Z) -> (B,)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)


def negative_elbo(vae: AudioVAE, patches: Tensor, *, beta: float, generator: torch.Generator) -> Tensor:
    """Mean over patches of squared error / (2 deviation^2) + beta * KL, with one sample of z per patch; a scalar."""
    mean, log_variance = vae.encode(patches)
    noise = torch.randn(mean.shape, generator=generator)
    decoded = vae.decode(mean + noise * (0.5 * log_variance).exp())
    error = (decoded - patches).square().sum(dim=(1, 2)) / (2 * DECODER_DEVIATION**2)
    return (error + beta * kl_nats(mean, log_variance)).mean()


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


def train(
    corpora: Sequence[Corpus],
    *,
    epochs: int,
    batches: int,
    generator: torch.Generator,
    epoch_finished: Callable[[int, float], None],
) -> AudioVAE:
    """Adam, the learning rate rising over the first tenth of the steps and falling over the rest as a cosine.

    batches: per epoch; generator: draws patches, noise and, by its seed, the initial weights;
    epoch_finished: called with the number of the epoch, from 1, and its mean loss.
    """
    torch.manual_seed(generator.initial_seed())  # the layers' own initialisation reads the global generator
    vae = AudioVAE()
    steps = epochs * batches
    optimizer = torch.optim.Adam(vae.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_LEARNING_RATE, total_steps=steps, pct_start=0.1, cycle_momentum=False
    )
    for epoch in range(epochs):
        total = 0.0
        for step in range(epoch * batches, (epoch + 1) * batches):
            drawn = [draw_patches(corpus.training, round(corpus.share * BATCH), generator) for corpus in corpora]
            patches = torch.stack([patch for patches in drawn for patch in patches])
            beta = min(1.0, step / (KL_WARM_UP_SHARE * steps))
            loss = negative_elbo(vae, patches, beta=beta, generator=generator)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(vae.parameters(), LARGEST_GRADIENT)
            optimizer.step()
            schedule.step()
            total += loss.item()
        epoch_finished(epoch + 1, total / batches)
    return vae
