"""Numbers to integers without moving their mean, and without a norm above a bound that is exact.

Stochastic rounding, drawn again until the norm is within the bound (Kairouz, Liu and Steinke 2021, arXiv 2102.06387,
section 4.1, "conditional randomized rounding"). Letters: K vectors, D numbers.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from shared_model.privacy.randomness import Randomness, uniforms

REJECTED = math.exp(-0.5)
"""beta: chance of another draw, at most."""
MOST_DRAWS = 64
"""All of them are rejected with a chance of at most e^-32; the vector is then rounded towards zero."""


def largest_square(norm: float, *, size: int) -> int:
    """The bound on the squared norm of rounded vectors, of real ones of at most `norm` in `size` numbers (eq. 9 there).

    min((c + sqrt(D))^2, c^2 + D / 4 + sqrt(2 log(1 / beta)) (c + sqrt(D) / 2)), as a whole number.
    """
    within = norm**2 + size / 4 + math.sqrt(2 * math.log(1 / REJECTED)) * (norm + math.sqrt(size) / 2)
    return math.floor(min((norm + math.sqrt(size)) ** 2, within))


def round_within(
    vectors: NDArray[np.float64], *, square: int, randomness: Callable[[str], Randomness]
) -> NDArray[np.int64]:
    """(K, D) whole numbers, each next to its own, and by chance so that their mean is it but for the condition.

    Guarantee: the squared norm of each row, as integers, is at most `square` < 2^53, for any input; a row that nothing
    brings within it is zero. randomness: a stream for a purpose; each draw has one of its own.
    """
    below = np.floor(vectors)
    share = vectors - below
    rounded = np.empty(vectors.shape, np.int64)
    open_rows = np.arange(len(vectors))
    for draw in range(MOST_DRAWS):
        coins = uniforms(share[open_rows].size, randomness=randomness(f"rounding {draw}"))
        up = coins.reshape(-1, vectors.shape[1]) < share[open_rows]
        rounded[open_rows] = below[open_rows].astype(np.int64) + up
        open_rows = open_rows[_squares(rounded[open_rows]) > square]
        if not len(open_rows):
            return rounded
    rounded[open_rows] = np.trunc(vectors[open_rows]).astype(np.int64)
    rounded[_squares(rounded) > square] = 0
    return rounded


def _squares(vectors: NDArray[np.int64]) -> NDArray[np.float64]:
    """Exact below 2^53, and never below it for what is more; 64-bit whole numbers would come round to small ones."""
    doubles = vectors.astype(np.float64)
    squares: NDArray[np.float64] = np.einsum("kd,kd->k", doubles, doubles)
    return squares
