"""Memory paths: what follows what in public data, and what this listener does.

The evidence of each path is a distribution over the catalogue given the plays so far. Public statistics ship in the
release. Personal ones are computed on the device from its own history and never leave it.
Letters: E moments, T plays, N tracks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.head.statistics import item_knn, play_counts, recent_plays, transitions

MEMORY_PATHS = ("transitions", "item_knn", "popularity", "artist", "own_counts", "own_sequence")
"""The memory paths, in this order everywhere. The last two are personal."""
NEIGHBOURS = 100
"""Neighbours kept a track in the item kNN that ships in a release."""
RECENT_PLAYS = 20
RECENCY_DECAY = 0.8
FORGETTING = 0.5
"""Base-level activation (Anderson and Schooler 1991): a play t steps ago weighs t^-0.5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicStatistics:
    """What ships in a release: transitions and item_knn (N, N) sparse, at least 0; popularity (N,) float32,
    sums to 1."""

    transitions: sp.csr_array
    item_knn: sp.csr_array
    popularity: NDArray[np.float32]


def fit_public_statistics(histories: Sequence[NDArray[np.int64]], *, size: int) -> PublicStatistics:
    """Statistics of public listening. histories: tracks in play order, one array a listener; size: N."""
    return PublicStatistics(
        transitions=transitions(histories, size),
        item_knn=_strongest(item_knn(histories, size), NEIGHBOURS),
        popularity=play_counts(histories, size) / np.float32(max(sum(len(tracks) for tracks in histories), 1)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEvidence:
    """Evidence of the memory paths at E moments: most tracks have none, so that rows are kept sparse.

    sparse: (E, N) for each path but popularity, in the order of `MEMORY_PATHS`; popularity: (N,), the same row for all.
    """

    sparse: tuple[sp.csr_array, ...]
    popularity: NDArray[np.float32]

    def dense(self, rows: slice) -> NDArray[np.float32]:
        """Evidence (rows, P, N) of the moments in `rows`."""
        others = [path[rows].toarray() for path in self.sparse]
        others.insert(MEMORY_PATHS.index("popularity"), np.broadcast_to(self.popularity, others[0].shape))
        return np.stack(others, axis=1)


def memory_evidence(
    contexts: Sequence[NDArray[np.int64]], statistics: PublicStatistics, catalogue: Catalogue
) -> MemoryEvidence:
    """What each memory path says, given E contexts of at least one play each, oldest first."""
    latest = np.array([tracks[-1] for tracks in contexts], dtype=np.int64)
    recent = recent_plays(contexts, len(catalogue), last=RECENT_PLAYS, decay=RECENCY_DECAY)
    artists, tracks_of_artist = _artists(statistics.popularity, catalogue)
    paths = (
        statistics.transitions[latest],
        recent @ statistics.item_knn,
        recent @ artists @ tracks_of_artist,
        _own_counts(contexts, size=len(catalogue)),
        _own_sequence(contexts, size=len(catalogue)),
    )
    return MemoryEvidence(sparse=tuple(_as_distribution(path) for path in paths), popularity=statistics.popularity)


def _as_distribution(weights: sp.csr_array) -> sp.csr_array:
    """Rows that sum to 1, or to 0 where there is no weight."""
    totals = np.maximum(weights.sum(axis=1), 1e-12)
    share = (weights.data / np.repeat(totals, np.diff(weights.indptr))).astype(np.float32)
    return sp.csr_array((share, weights.indices, weights.indptr), shape=weights.shape)


def _strongest(matrix: sp.csr_array, keep: int) -> sp.csr_array:
    """Each row's `keep` largest entries; ties go to the lower column, so that the result never depends on chance."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((matrix.indices, -matrix.data, row))
    place = np.arange(len(order)) - np.repeat(matrix.indptr[:-1], np.diff(matrix.indptr))
    kept = order[place < keep]
    return sp.csr_array((matrix.data[kept], (row[kept], matrix.indices[kept])), shape=matrix.shape)


def _own_counts(contexts: Sequence[NDArray[np.int64]], *, size: int) -> sp.csr_array:
    """(E, N): every play so far, forgotten by the power law."""
    weights = [np.arange(len(tracks), 0, -1.0) ** -FORGETTING for tracks in contexts]
    return _rows(contexts, weights, size=size)


def _own_sequence(contexts: Sequence[NDArray[np.int64]], *, size: int) -> sp.csr_array:
    """(E, N): what this listener played right after earlier plays of the latest track."""
    followers, weights = [], []
    for tracks in contexts:
        earlier = np.flatnonzero(tracks[:-1] == tracks[-1])
        followers.append(tracks[earlier + 1])
        weights.append((len(tracks) - 1.0 - earlier) ** -FORGETTING)
    return _rows(followers, weights, size=size)


def _rows(
    columns: Sequence[NDArray[np.int64]], weights: Sequence[NDArray[np.floating[Any]]], *, size: int
) -> sp.csr_array:
    """(E, size) with `weights[e]` added up at `columns[e]`."""
    starts = np.r_[0, np.cumsum([len(column) for column in columns])]
    rows = sp.csr_array((np.concatenate(weights), np.concatenate(columns), starts), shape=(len(columns), size))
    rows.sum_duplicates()
    return rows


def _artists(popularity: NDArray[np.float32], catalogue: Catalogue) -> tuple[sp.csr_array, sp.csr_array]:
    """Whose each track is, (N, A), and each artist's tracks as a distribution by popularity, (A, N)."""
    known = np.flatnonzero(catalogue.artist != UNKNOWN)
    shape = (len(catalogue), int(catalogue.artist.max(initial=0)) + 1)
    whose = sp.csr_array((np.ones(len(known), np.float32), (known, catalogue.artist[known])), shape=shape)
    tracks = sp.csr_array(whose.T * (popularity + np.float32(1 / len(catalogue))))
    totals = np.maximum(tracks.sum(axis=1), 1e-12)
    tracks.data /= np.repeat(totals, np.diff(tracks.indptr))
    return whose, tracks
