"""Released pairs beside the public statistics: the transition path then knows what follows what in private, too."""

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from shared_model.memory.public_statistics import PublicStatistics
from shared_model.private_transitions.released_pairs import ReleasedPairs


def with_pairs(statistics: PublicStatistics, released: ReleasedPairs) -> PublicStatistics:
    """The statistics with each released pair counted as often as devices played it.

    Adds to what follows and precedes directly, and to the plays of the first track of each pair, so that what is given
    as a probability stays one. Later lags, triples and artists are public listening alone.
    """
    size = len(statistics.plays)
    places = (released.keys // size, released.keys % size)
    more = sp.csr_array((released.devices, places), shape=(size, size))
    follows = sp.csr_array(statistics.follows[0] + more)
    plays = statistics.plays + np.bincount(places[0], released.devices, minlength=size).astype(np.float32)
    return replace(
        statistics,
        follows=(follows, *statistics.follows[1:]),
        precedes=(follows.T.tocsr(), *statistics.precedes[1:]),
        plays=plays,
    )
