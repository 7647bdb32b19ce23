"""Who is in a round's cohort."""

import numpy as np
from numpy.typing import NDArray

from shared_model.privacy.randomness import Randomness, uniforms


def poisson_cohort(devices: int, *, sample_rate: float, randomness: Randomness) -> NDArray[np.int64]:
    """Indices, ascending, of the devices in the cohort: each by a coin of its own, with chance `sample_rate`.

    The size is Binomial(devices, sample_rate), and may be 0: such a round releases noise only and is accounted.
    """
    return np.flatnonzero(uniforms(devices, randomness=randomness) < sample_rate).astype(np.int64)
