"""Skellam noise as exact integers: the difference of two Poisson variables, each of half the variance.

Drawn by inverting the distribution function on two 64-bit words, so that nothing of it is a floating-point number. The
table comes from whole-number arithmetic: with m the variance, p_k = exp(-m) I_k(m), and the Bessel functions obey
I_(k-1) = I_(k+1) + (2k / m) I_k, taken downwards, where it is stable (Miller's algorithm; DLMF 3.6). Only sums of
positive numbers occur.
"""

import math
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shared_model.privacy.randomness import Randomness

_WORD, _BITS = 64, 128
_GUARD = 64
"""Extra bits of the table's arithmetic: a step's rounding is 2^-192 of its term."""
TAIL = 2.0**-132
"""Probability of all that lies beyond the table, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkellamTable:
    """variance: m, a multiple of 2^-16 above 0. error: bound on the total variation distance of one drawn number.

    reach: the largest number that is drawn. high, low: the (2 reach) thresholds of a 128-bit word, ascending.
    """

    variance: float
    reach: int
    error: float
    high: NDArray[np.uint64] = field(repr=False)
    low: NDArray[np.uint64] = field(repr=False)

    def draw(self, count: int, *, randomness: Randomness) -> NDArray[np.int64]:
        """(count,) independent numbers."""
        words = np.frombuffer(randomness.draw(16 * count), dtype="<u8").reshape(count, 2).astype(np.uint64, copy=False)
        places = np.searchsorted(self.high, words[:, 0], side="left")
        # at the table's own high words, which 1 in 2^50 draws meets, the low words decide
        for met in np.flatnonzero(self.high[np.minimum(places, len(self.high) - 1)] == words[:, 0]):
            word = (int(words[met, 0]) << _WORD) + int(words[met, 1])
            while places[met] < len(self.high) and self._threshold(int(places[met])) <= word:
                places[met] += 1
        drawn: NDArray[np.int64] = places.astype(np.int64) - self.reach
        return drawn

    def _threshold(self, place: int) -> int:
        return (int(self.high[place]) << _WORD) + int(self.low[place])


@lru_cache(maxsize=16)
def skellam_table(variance: float) -> SkellamTable:
    """Raises ValueError for a variance that is no multiple of 2^-16, is not above 0, or is above 2^40."""
    numerator = round(variance * 2**16)
    if numerator != variance * 2**16 or not 0 < variance <= 2.0**40:
        raise ValueError(f"skellam noise: variance {variance:g} is no multiple of 2^-16 between 0 and 2^40")
    reach = skellam_reach(variance, chance=TAIL)
    weights = _weights(numerator, start=2 * reach + 64)
    total = weights[0] + 2 * sum(weights[1:])
    kept = weights[: reach + 1]
    pmf = [*reversed(kept[1:]), *kept]  # from -reach to reach
    thresholds, so_far = [], total - sum(pmf)  # what is beyond either end is drawn as -reach
    for weight in pmf[:-1]:
        so_far += weight
        thresholds.append((so_far << _BITS) // total)
    return SkellamTable(
        variance=variance,
        reach=reach,
        # each threshold is at most 2^-128 off, and so is each probability; the arithmetic itself is 2^-64 of that
        error=TAIL + (2 * reach + 2) * 2.0**-_BITS,
        high=np.array([threshold >> _WORD for threshold in thresholds], np.uint64),
        low=np.array([threshold & (2**_WORD - 1) for threshold in thresholds], np.uint64),
    )


def skellam_reach(variance: float, *, chance: float) -> int:
    """A number that |X| exceeds with at most this chance, by Chernoff's bound.

    log P(|X| >= t) <= log 2 + sqrt(t^2 + m^2) - m - t asinh(t / m).
    """
    wanted = math.log(chance / 2)

    def exponent(t: float) -> float:
        # sqrt(t^2 + m^2) - m, without taking one large number from another
        return t * t / (math.hypot(t, variance) + variance) - t * math.asinh(t / variance)

    too_little, enough = 0, 1
    while exponent(enough) > wanted:
        too_little, enough = enough, 2 * enough
    while enough - too_little > 1:
        middle = (too_little + enough) // 2
        too_little, enough = (middle, enough) if exponent(middle) > wanted else (too_little, middle)
    return enough


def _weights(numerator: int, *, start: int) -> list[int]:
    """p_0 to p_start but for a common factor, of the variance numerator / 2^16.

    start: so far out that what is beyond it, left out here, is as good as nothing. Numbers are cut to a fixed number of
    leading bits above the smallest term that matters.
    """
    above, here = 0, 1 << (_BITS + _GUARD)
    found = [here]
    for k in range(start, 0, -1):
        above, here = here, above + ((2 * k * here) << 16) // numerator
        found.append(here)
    return found[::-1]
