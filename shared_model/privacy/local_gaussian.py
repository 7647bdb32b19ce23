"""Local differential privacy: each device adds all of its noise itself, and need trust nobody.

The analytic Gaussian mechanism (Balle and Wang 2018, arXiv 1805.06530), for any epsilon. The server's sum of K answers
holds K times the variance of one, which is the price: sqrt(K) times the noise that a trusted server would add.
Letters: d released numbers, T rounds in which one device takes part.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from shared_model.errors import BadInput
from shared_model.privacy.clipping import clip_rows
from shared_model.privacy.coverage import EXACT
from shared_model.privacy.gaussian import composed_mu, gaussian_epsilon, gaussian_mu, sensitivity
from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.plan import CLIP_NORMS
from shared_model.privacy.randomness import Randomness
from shared_model.privacy.spent import Adversary, PrivacySpent, Relation, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalGaussian:
    """What a device does to its update before it leaves. noise_multiplier: standard deviation over `clip_norm`, C.

    Sensitivity: 2 C, replace-one: an update may become any other of norm at most C, and that the device answered is
    seen. Raises BadInput for numbers that cannot be used.
    """

    clip_norm: float
    noise_multiplier: float

    def __post_init__(self) -> None:
        if not CLIP_NORMS[0] <= self.clip_norm <= CLIP_NORMS[1] or not 0 < self.noise_multiplier < math.inf:
            raise BadInput(
                f"local Gaussian: clip_norm {self.clip_norm:g} with noise_multiplier {self.noise_multiplier:g}; the "
                f"first must lie between {CLIP_NORMS[0]:g} and {CLIP_NORMS[1]:g}, the second be above 0 and finite"
            )

    @classmethod
    def calibrated(cls, *, epsilon: float, delta: float, participations: int, clip_norm: float) -> "LocalGaussian":
        """The least noise with which T = `participations` answers together cost at most `epsilon` at `delta`.

        Exact composition: mu = 2 sqrt(T) / z. Raises BadInput for numbers that cannot be used.
        """
        if not 0 < epsilon < math.inf or not 0 < delta < 1 or participations < 1:
            raise BadInput(
                f"local Gaussian: epsilon {epsilon:g} at delta {delta:g} over {participations} participations; "
                "epsilon must be above 0 and finite, delta between 0 and 1, and the participations at least 1"
            )
        mu = gaussian_mu(epsilon=epsilon, delta=delta)
        noise_multiplier = sensitivity(Relation.REPLACE_ONE) * math.sqrt(participations) / mu
        return cls(clip_norm=clip_norm, noise_multiplier=noise_multiplier)

    @property
    def standard_deviation(self) -> float:
        """Of each number of the noise on one device's answer."""
        return self.noise_multiplier * self.clip_norm

    def spent(self, *, participations: int, delta: float) -> PrivacySpent:
        """What a device that answered this often has spent, against the server and so against everybody.

        Never amplified: the server knows who answered.
        """
        mu = composed_mu(self.noise_multiplier, releases=participations, relation=Relation.REPLACE_ONE)
        return PrivacySpent(
            epsilon=gaussian_epsilon(delta, mu=mu) if participations else 0.0,
            delta=delta,
            unit=Unit.DEVICE,
            relation=Relation.REPLACE_ONE,
            adversary=Adversary.SERVER,
            mechanism="Gaussian noise that the device adds itself",
            rounds=participations,
            accountant=EXACT,
        )


@torch.no_grad()
def noised_update(update: Tensor, *, mechanism: LocalGaussian, randomness: Randomness) -> Tensor:
    """What leaves a device, (d,) float32: its update (d,), clipped as `clip_rows` does, and noise.

    Guarantee: (epsilon, delta) of `mechanism.spent`, replace-one, for any update; one with NaN or infinite numbers is
    answered by noise alone. Noise is added in float64 and rounded with the sum: these are floating-point numbers, whose
    lowest bits a server that attacks them could read (Mironov 2012); the integers of distributed trust have none.
    randomness: of this device and this round alone. The same bytes twice would cancel in a difference.
    """
    clipped = clip_rows(update[None], clip_norm=mechanism.clip_norm)[0].double()
    noise = gaussian_noise(len(update), standard_deviation=mechanism.standard_deviation, randomness=randomness)
    return (clipped + torch.from_numpy(noise)).float()


def average_of_noised(total: Tensor, *, cohort: int) -> Tensor:
    """Sum over planned cohort, (d,) float32; total: (d,) float64 sum of K noised updates.

    Nothing is added: its noise has K times the variance of one answer. With fewer answers there is less noise, and each
    device is protected by its own all the same.
    """
    return (total / cohort).float()
