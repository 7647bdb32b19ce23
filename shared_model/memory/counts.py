"""Plays and what came how long after what, counted: behind the memory paths and every baseline that is not trained.

Letters: N tracks of the catalogue, L listeners. Rows are read as "given this track", columns as "that track".
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shared_model.history import Tracks


def play_counts(histories: Sequence[Tracks], catalogue_size: int) -> NDArray[np.float32]:
    """How often each track was played, (N,)."""
    tracks, _ = _joined(histories)
    return np.bincount(tracks, minlength=catalogue_size).astype(np.float32)


def following(histories: Sequence[Tracks], catalogue_size: int, *, lag: int) -> csr_array:
    """How often the column's track came exactly `lag` plays after the row's, (N, N) float32."""
    before, after = pairs_apart(histories, lag=lag)
    ones = np.ones(len(before), np.float32)
    return csr_array((ones, (before, after)), shape=(catalogue_size, catalogue_size))


def pairs_apart(histories: Sequence[Tracks], *, lag: int) -> tuple[Tracks, Tracks]:
    """Every pair of plays of one listener that is `lag` plays apart."""
    tracks, listener = _joined(histories)
    together = listener[:-lag] == listener[lag:]
    return tracks[:-lag][together], tracks[lag:][together]


def _joined(histories: Sequence[Tracks]) -> tuple[Tracks, NDArray[np.int64]]:
    """All plays one after the other, and whose they are."""
    listener = np.repeat(np.arange(len(histories)), [len(history) for history in histories])
    return np.concatenate([np.empty(0, np.int64), *histories]), listener
