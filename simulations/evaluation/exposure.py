"""Which tracks get recommended at all: coverage of the catalogue and leaning towards hits.

Letters: T targets, K recommendations for each, N tracks.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def catalogue_coverage(recommended: NDArray[np.int64], catalogue_size: int) -> float:
    """The part of the catalogue that is recommended to anyone, 0..1. recommended: (T, K) catalogue indices."""
    return len(np.unique(recommended)) / catalogue_size


def popularity_percentile(recommended: NDArray[np.int64], play_counts: NDArray[np.floating]) -> float:
    """The mean over recommendations of the part of the catalogue that is played less than the track, 0..1.

    recommended: (T, K) catalogue indices; play_counts: (N,). Ties count half: recommending every track equally often
    gives 0.5, the most played one alone nearly 1.
    """
    percentile = (rankdata(play_counts, method="average") - 0.5) / len(play_counts)
    return float(percentile[recommended].mean())


def recommendation_gini(recommended: NDArray[np.int64], catalogue_size: int) -> float:
    """How unequally recommendations fall on tracks: 0 when every track gets as many, 1 - 1/N when one gets them all.

    recommended: (T, K) catalogue indices.
    """
    received = np.sort(np.bincount(recommended.ravel(), minlength=catalogue_size))
    place = np.arange(1, catalogue_size + 1)
    return float(((2 * place - catalogue_size - 1) * received).sum() / (catalogue_size * received.sum()))
