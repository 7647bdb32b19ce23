"""Where noise meets a sum, or with local trust an update: both engines, server and devices go through it.

Adaptive clipping has its own place, which reads the next clip norm from the same numbers.
"""

import torch
from torch import Tensor

from shared_model.privacy.clipping import clip_rows
from shared_model.privacy.local_gaussian import LocalGaussian
from shared_model.privacy.matrix_factorisation import NoiseMemory, next_noise
from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.randomness import Randomness


def private_average(total: Tensor, *, plan: PrivacyPlan, randomness: Randomness) -> Tensor:
    """(sum + noise) / planned cohort, as float32.

    total: (d,) sum of updates, each clipped to `plan.clip_norm` and weighted alike, whatever it claims to be worth.
    The noise has standard deviation noise_multiplier * clip_norm, the sensitivity of that sum, and is the same however
    many devices answered; the divisor is the public plan's, never the number of answers.
    """
    noise = gaussian_noise(total.numel(), standard_deviation=plan.noise_standard_deviation, randomness=randomness)
    return ((total.double() + torch.from_numpy(noise)) / plan.cohort).float()


def correlated_average(
    total: Tensor, *, plan: PrivacyPlan, memory: NoiseMemory, randomness: Randomness
) -> tuple[Tensor, NoiseMemory]:
    """As `private_average`, with the next round's noise of the plan's matrix factorisation, and the memory after it.

    Both are stored in one step, before either is seen: then no round's noise is drawn twice.
    """
    noise, after = next_noise(
        memory,
        factorisation=plan.factorisation,
        standard_deviation=plan.noise_standard_deviation,
        randomness=randomness,
    )
    return ((total.double() + torch.from_numpy(noise)) / plan.cohort).float(), after


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
