"""Gaussian noise from privacy randomness."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from shared_model.privacy.randomness import Randomness, signed_uniforms


def gaussian_noise(size: int, *, standard_deviation: float, randomness: Randomness) -> NDArray[np.float64]:
    """(size,) float64 normals with mean 0 and this standard deviation (0 or more).

    By the inverse of the normal distribution at half a 53-bit uniform, and a sign of its own: exactly symmetric, with
    tails to 8.3 standard deviations. These are floating-point numbers, good for noise that a trusted server adds; a sum
    of masked shares needs the integers of distributed trust instead (Mironov 2012).
    """
    halves, negative = signed_uniforms(size, randomness=randomness)
    magnitudes: NDArray[np.float64] = -ndtri(halves / 2)
    return np.where(negative, -magnitudes, magnitudes) * standard_deviation
