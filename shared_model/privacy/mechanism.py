"""Where noise meets a sum: both engines and the server go through it. (Adaptive clipping has one of its own, which
reads the next clip norm from the same numbers.)"""

import torch
from torch import Tensor

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
