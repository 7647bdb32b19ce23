"""What is played near what, and what was played last: two of the counts that baselines multiply.

Letters: N tracks of the catalogue, B contexts. A history is one listener's plays, (T,) int64 in play order.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from shared_model.history import Tracks
from shared_model.memory.counts import pairs_apart, play_counts


def item_knn(
    histories: Sequence[Tracks], catalogue_size: int, *, window: int = 5, prior_plays: float = 10.0
) -> csr_array:
    """How close two tracks are played to each other, (N, N) float32, symmetric with an empty diagonal.

    Two plays k <= `window` apart count 1/k, in either order; the sum is divided by the square root of
    (plays + prior_plays) of both tracks, so that neither a hit nor a track played twice is everyone's neighbour.
    """
    lagged = [pairs_apart(histories, lag=lag) for lag in range(1, window + 1)]
    before = np.concatenate([pair[0] for pair in lagged])
    after = np.concatenate([pair[1] for pair in lagged])
    weights = np.concatenate([np.full(len(pair[0]), 1 / lag, np.float32) for lag, pair in enumerate(lagged, start=1)])
    different = before != after
    before, after, weights = before[different], after[different], weights[different]
    damping = 1 / np.sqrt(play_counts(histories, catalogue_size) + np.float32(prior_plays))
    weights *= damping[before] * damping[after]
    one_way = csr_array((weights, (before, after)), shape=(catalogue_size, catalogue_size))
    return (one_way + one_way.T).tocsr()


def recent_plays(contexts: Sequence[Tracks], catalogue_size: int, *, last: int, decay: float) -> csr_array:
    """The last plays of each context, (B, N) float32: the play j places before the newest adds decay**j to its track.

    Multiplied by one of the (N, N) statistics it is the evidence for every track. An empty context is an empty row.
    """
    newest_first = [context[-last:][::-1] for context in contexts]
    lengths = np.array([len(plays) for plays in newest_first], dtype=np.int64)
    weights = decay ** np.arange(last, dtype=np.float64)
    entries = (
        np.concatenate([weights[:length] for length in lengths]).astype(np.float32),
        (np.repeat(np.arange(len(contexts)), lengths), np.concatenate(newest_first)),
    )
    return csr_array(entries, shape=(len(contexts), catalogue_size))
