"""How far a mean over targets could lie from the truth, given that a listener's targets resemble each other.

Listeners are resampled, not targets (cluster bootstrap; Field and Welsh 2007): treating the ten targets of a listener
as independent makes intervals about half as wide as they should be.
"""

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95


def interval(
    values: NDArray[np.float64], listener: NDArray[np.int64], *, resamples: int, seed: int
) -> tuple[float, float]:
    """The 95 % percentile interval (low, high) of the mean of `values`.

    values: (T,) one per target, such as hits; listener: (T,) whose target it is, any integers; T is at least 1. Each of
    the `resamples` draws as many listeners as there are, with replacement, and takes the mean over all their targets.
    The same seed gives the same interval.
    """
    _, index = np.unique(listener, return_inverse=True)
    totals = np.bincount(index, weights=values)
    sizes = np.bincount(index).astype(np.float64)
    random = np.random.default_rng(seed)
    means = np.empty(resamples)
    for resample in range(resamples):  # one at a time: memory stays that of the listeners, also for 100,000 of them
        drawn = random.integers(len(sizes), size=len(sizes))
        means[resample] = totals[drawn].sum() / sizes[drawn].sum()
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
