"""The one place where noise meets a sum: both engines and the server go through it."""

import torch
from torch import Tensor

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
