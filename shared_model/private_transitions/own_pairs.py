"""What one device contributes to the private statistics: a bounded set of pairs of tracks that it played in a row.

Letters: T plays, N tracks, P pairs.
"""

import numpy as np
from numpy.typing import NDArray

from shared_model.history import Tracks

Keys = NDArray[np.int64]
"""Pairs as first * N + second, ascending, each once."""


def own_pairs(tracks: Tracks, *, catalogue_size: int, most: int) -> Keys:
    """The pairs that were played in a row most often, of equals those played last, (P,) with P at most `most`.

    tracks: (T,) in play order; catalogue_size: N. A track after itself is no pair. How often a pair was played here
    decides whether it is said, never how loud: each counts once, so that no device weighs more than sqrt(most).
    """
    before, after = tracks[:-1], tracks[1:]
    played = (before * catalogue_size + after)[before != after]
    keys, last_from_end, times = np.unique(played[::-1], return_index=True, return_counts=True)
    order = np.lexsort((last_from_end, -times))
    return np.sort(keys[order[:most]])
