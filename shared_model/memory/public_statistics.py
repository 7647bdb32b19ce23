"""What follows what in public listening, counted: the part of the memory that ships in a release.

Letters: N tracks, A artists, K pairs of tracks that were played in a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.history import Tracks
from shared_model.memory.counts import following, play_counts

LAGS = 5
"""Plays ahead that are counted: a skipped track or a shuffled album still leaves its neighbours near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicStatistics:
    """Counts of public plays.

    follows: (N, N) sparse for each lag 1..LAGS, how often the column's track came exactly that many plays after the
    row's; precedes: their transposes; pair_keys: (K + 1,) int64 ascending, first * N + second of every pair in a row,
    and a last one that no pair has; after_pair: (K + 1, N) sparse, what came next, the last row empty;
    artist_follows, artist_precedes: (A, A) sparse, the same of known artists; plays: (N,), artist_plays: (A,) float32.
    """

    follows: tuple[sp.csr_array, ...]
    precedes: tuple[sp.csr_array, ...]
    pair_keys: NDArray[np.int64]
    after_pair: sp.csr_array
    artist_follows: sp.csr_array
    artist_precedes: sp.csr_array
    plays: NDArray[np.float32]
    artist_plays: NDArray[np.float32]


def fit_public_statistics(histories: Sequence[Tracks], catalogue: Catalogue) -> PublicStatistics:
    """Statistics of listening. histories: tracks in play order, one array a listener."""
    size = len(catalogue)
    follows = tuple(following(histories, size, lag=lag) for lag in range(1, LAGS + 1))
    pair_keys, after_pair = _pairs(histories, size)
    artists = int(catalogue.artist.max(initial=0)) + 1
    played = [catalogue.artist[history] for history in histories]
    known = [artist[artist != UNKNOWN] for artist in played]
    artist_follows = following(known, artists, lag=1)
    return PublicStatistics(
        follows=follows,
        precedes=tuple(lagged.T.tocsr() for lagged in follows),
        pair_keys=pair_keys,
        after_pair=after_pair,
        artist_follows=artist_follows,
        artist_precedes=artist_follows.T.tocsr(),
        plays=play_counts(histories, size),
        artist_plays=play_counts(known, artists),
    )


def pair_rows(statistics: PublicStatistics, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of `after_pair` for pairs in a row; that of the last, which is empty, for pairs that never were."""
    keys = first * len(statistics.plays) + second
    rows = np.searchsorted(statistics.pair_keys, keys)
    return np.where(statistics.pair_keys[rows] == keys, rows, len(statistics.pair_keys) - 1)


def _pairs(histories: Sequence[Tracks], size: int) -> tuple[NDArray[np.int64], sp.csr_array]:
    long_enough = [history for history in histories if len(history) > 2]
    keys = [history[:-2] * size + history[1:-1] for history in long_enough]
    after = [history[2:] for history in long_enough]
    known, rows = np.unique(np.concatenate([np.empty(0, np.int64), *keys]), return_inverse=True)
    columns = np.concatenate([np.empty(0, np.int64), *after])
    ones = np.ones(len(columns), np.float32)
    counts = sp.csr_array((ones, (rows, columns)), shape=(len(known) + 1, size))
    return np.append(known, np.iinfo(np.int64).max), counts
