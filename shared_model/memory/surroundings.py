"""Public statistics around one listener's tracks, without what that listener added to them.

What a listener contributed is taken out exactly, so that evidence of the listener's own plays, held-out ones included,
is a function of other people's listening and of the listener's own past alone: release 0 never learns from a play that
its own evidence already knew, and a device that contributed nothing is the same case with nothing to take out.
Letters: N tracks, U tracks of the listener.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.history import Tracks
from shared_model.memory.public_statistics import PublicStatistics, pair_rows
from shared_model.memory.sparse_rows import row_sums, scaled

PRIOR_PLAYS = np.float32(0.5)
"""Added to a track's plays under a probability: a track that was played once does not tell for certain."""
NEAR_PRIOR_PLAYS = np.float32(10.0)
"""The same for nearness, where neither a hit nor a track played twice is to be everyone's neighbour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What other people's listening says around a listener's tracks.

    tracks: (U,) ascending; local: (N,) int64, place of a track in `tracks`, or U (a row without entries) for others;
    follows: (U, N) each lag, probabilities given the row's track; previous: of what came before it; soon, lately: sums
    over the lags after and before, lag k weighing 1/k; near: (U, N) symmetric nearness; plays: (N,) of others;
    artist_next: (A, A) probabilities given the row's artist, artist_near: (A, A) symmetric nearness, both empty but
    for the rows of the listener's artists; artist_plays: (A,) of others; public, own: what `after_pairs` takes apart.
    """

    tracks: NDArray[np.int64]
    local: NDArray[np.int64]
    follows: tuple[sp.csr_array, ...]
    previous: sp.csr_array
    soon: sp.csr_array
    lately: sp.csr_array
    near: sp.csr_array
    plays: NDArray[np.float32]
    artist_next: sp.csr_array
    artist_near: sp.csr_array
    artist_plays: NDArray[np.float32]
    public: PublicStatistics
    own: PublicStatistics

    def after_pairs(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> sp.csr_array:
        """What others played after each pair in a row, (M, N) probabilities."""
        everyone = self.public.after_pair[pair_rows(self.public, first, second)]
        return _given(_without(everyone, self.own.after_pair[pair_rows(self.own, first, second)]))


def surroundings(
    statistics: PublicStatistics, catalogue: Catalogue, tracks: Tracks, *, own: PublicStatistics
) -> Surroundings:
    """Surroundings of `tracks` (T,), all plays of a listener, `own` being their part in `statistics`."""
    mine = np.unique(tracks)
    local = np.full(len(catalogue), len(mine))
    local[mine] = np.arange(len(mine))
    follows = [_without(all_[mine], own_[mine]) for all_, own_ in zip(statistics.follows, own.follows, strict=True)]
    precedes = [_without(all_[mine], own_[mine]) for all_, own_ in zip(statistics.precedes, own.precedes, strict=True)]
    plays = statistics.plays - own.plays
    soon = _sum_over_lags(follows)
    lately = _sum_over_lags(precedes)
    per_play = 1 / (plays[mine] + PRIOR_PLAYS)
    damping = 1 / np.sqrt(plays + NEAR_PRIOR_PLAYS)
    near = _damped(sp.csr_array(soon + lately), mine, damping)
    near.data[near.indices == np.repeat(mine, np.diff(near.indptr))] = 0
    artist_next, artist_near = _artists(statistics, own, catalogue.artist[mine])
    return Surroundings(
        tracks=mine,
        local=local,
        follows=tuple(scaled(lagged, per_play) for lagged in follows),
        previous=scaled(precedes[0], per_play),
        soon=scaled(soon, per_play),
        lately=scaled(lately, per_play),
        near=near,
        plays=plays,
        artist_next=artist_next,
        artist_near=artist_near,
        artist_plays=statistics.artist_plays - own.artist_plays,
        public=statistics,
        own=own,
    )


def _without(everyone: sp.csr_array, own: sp.csr_array) -> sp.csr_array:
    """Counts of everyone else; whole numbers below 2**24 are exact in float32, so that nothing is left of one's own."""
    if not own.nnz:
        return everyone
    others = sp.csr_array(everyone - own)
    others.eliminate_zeros()
    return others


def _artists(
    statistics: PublicStatistics, own: PublicStatistics, artists: NDArray[np.int64]
) -> tuple[sp.csr_array, sp.csr_array]:
    """`artist_next` and `artist_near` of the listener's `artists`, of which some are `UNKNOWN`."""
    size = statistics.artist_follows.shape[0]
    mine = np.unique(artists[artists != UNKNOWN])
    select = sp.csr_array((np.ones(len(mine), np.float32), (mine, mine)), shape=(size, size))
    follows = _without(select @ statistics.artist_follows, select @ own.artist_follows)
    precedes = _without(select @ statistics.artist_precedes, select @ own.artist_precedes)
    plays = statistics.artist_plays - own.artist_plays
    near = _damped(sp.csr_array(follows + precedes), np.arange(size), 1 / np.sqrt(plays + NEAR_PRIOR_PLAYS))
    return scaled(follows, 1 / (plays + PRIOR_PLAYS)), near


def _damped(counts: sp.csr_array, rows: NDArray[np.int64], damping: NDArray[np.float32]) -> sp.csr_array:
    """Counts times the damping of both, row r standing for `rows[r]`."""
    damped = scaled(counts, damping[rows])
    damped.data *= damping[damped.indices]
    return damped


def _sum_over_lags(counts: list[sp.csr_array]) -> sp.csr_array:
    total = counts[0]
    for lag, lagged in enumerate(counts[1:], start=2):
        total = total + lagged * np.float32(1 / lag)
    return sp.csr_array(total)


def _given(counts: sp.csr_array) -> sp.csr_array:
    """Rows of counts as probabilities."""
    return scaled(counts, 1 / (row_sums(counts) + PRIOR_PLAYS))
