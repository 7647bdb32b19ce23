"""What a device says of the quality of the model that it received, behind its update, in the same budget.

For each mood group: which share of its held-out plays is in it, and the mean over all of them of hits and of NDCG at 10
within it. Groups are disjoint and their bounds public. Letters: T targets, U devices, G groups.
"""

import math

import numpy as np
from numpy.typing import NDArray

from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.ranking_metrics import discounted_gain, hit

CUTOFF = 10


def disjoint_moods(state: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(T, G) which group of `QUALITY_GROUPS` each moment is in. state: (T, S), NaN where unanswered."""
    valence = state[:, STATE_FEATURES.index("valence")]
    unanswered = np.isnan(valence)
    return np.stack([~unanswered & (valence < 0), ~unanswered & (valence >= 0), unanswered], axis=1)


def quality_rows(
    ranks: NDArray[np.float64], *, moods: NDArray[np.bool_], listener: NDArray[np.int64], devices: int
) -> NDArray[np.float64]:
    """(U, 3 G) what each device would say: shares, hits, gains, G each. ranks, listener: (T,), of its own targets.

    Guarantee: each row has a norm of at most 1: with shares a_g that add up to 1, hits and gains are at most a_g each,
    and the whole is divided by sqrt(3). A device without targets says zeros.
    """
    said = np.zeros((3, devices, moods.shape[1]))
    for part, worth in enumerate((np.ones(len(ranks)), hit(ranks, CUTOFF), discounted_gain(ranks, CUTOFF))):
        np.add.at(said[part], listener, moods * worth[:, None])
    own = np.maximum(np.bincount(listener, minlength=devices), 1)
    rows: NDArray[np.float64] = np.concatenate(list(said / own[:, None]), axis=1) / math.sqrt(3)
    return rows
