"""Who is in a round's cohort."""

import numpy as np
from numpy.typing import NDArray

from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.randomness import Randomness, uniforms
from shared_model.privacy.spent import Sampling


def draw_cohort(plan: PrivacyPlan, *, randomness: Randomness) -> NDArray[np.int64]:
    """Indices, ascending, of the devices of a round, as the plan's sampling says and its accountant assumes.

    Without amplification ("none") the cohort is drawn like one of fixed size, and nothing rests on its being secret.
    """
    if plan.sampling is Sampling.FULL_PARTICIPATION:
        return np.arange(plan.population)
    if plan.sampling is Sampling.POISSON:
        return poisson_cohort(plan.population, sample_rate=plan.sample_rate, randomness=randomness)
    return fixed_size_cohort(plan.population, cohort=plan.cohort, randomness=randomness)


def poisson_cohort(devices: int, *, sample_rate: float, randomness: Randomness) -> NDArray[np.int64]:
    """Indices, ascending, of the devices in the cohort: each by a coin of its own, with chance `sample_rate`.

    The size is Binomial(devices, sample_rate), and may be 0: such a round releases noise only and is accounted.
    """
    return np.flatnonzero(uniforms(devices, randomness=randomness) < sample_rate).astype(np.int64)


def fixed_size_cohort(devices: int, *, cohort: int, randomness: Randomness) -> NDArray[np.int64]:
    """`cohort` of the devices, ascending, every set of them as likely: those with the smallest of 53-bit uniforms.

    Two equal ones, of chance devices^2 / 2^54, go by the lower index.
    """
    order = np.argsort(uniforms(devices, randomness=randomness), kind="stable")
    return np.sort(order[:cohort]).astype(np.int64)
