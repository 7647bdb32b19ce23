"""What other people's listening says of the next play: one sparse row of evidence a moment and channel.

Letters: M moments, U tracks of the listener, N tracks.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from shared_model.history import Tracks
from shared_model.memory.channels import FORGETTING
from shared_model.memory.surroundings import Surroundings

RECENT_PLAYS = 20
RECENCY_DECAY = 0.8
SKIP_DECAY = 0.7


def public_channels(around: Surroundings, tracks: Tracks, positions: NDArray[np.int64]) -> dict[str, sp.csr_array]:
    """Weights (M, N), at least 0, of the channels that look around the listener's plays. positions: each >= 1."""
    latest = _plays_ago(around, tracks, positions, 1)
    ago = positions[:, None] - np.arange(1, RECENT_PLAYS + 1)
    decay = np.where(ago >= 0, RECENCY_DECAY ** np.arange(RECENT_PLAYS), 0)
    recent = _weighted(around, tracks, np.maximum(ago, 0), decay)
    age = positions[:, None] - np.arange(len(tracks))
    past = _weighted(
        around,
        tracks,
        np.broadcast_to(np.arange(len(tracks)), age.shape),
        np.where(age > 0, np.maximum(age, 1) ** -FORGETTING, 0),
    )
    skipped = sp.csr_array((len(positions), len(around.plays)), dtype=np.float32)
    for lag in range(2, len(around.follows) + 1):
        before = _plays_ago(around, tracks, positions, lag)
        skipped = skipped + (before @ around.follows[lag - 1]) * np.float32(SKIP_DECAY ** (lag - 2))
    second = tracks[positions - 1]
    first = np.where(positions > 1, tracks[np.maximum(positions - 2, 0)], -1)  # -1 begins no pair that was counted
    return {
        "next": sp.csr_array(latest @ around.follows[0]),
        "previous": sp.csr_array(latest @ around.previous),
        "soon": sp.csr_array(latest @ around.soon),
        "lately": sp.csr_array(latest @ around.lately),
        "skipped": sp.csr_array(skipped),
        "pair": around.after_pairs(first, second),
        "near_recent": sp.csr_array(recent @ around.near),
        "near_all": sp.csr_array(past @ around.near),
    }


def _plays_ago(around: Surroundings, tracks: Tracks, positions: NDArray[np.int64], steps: int) -> sp.csr_array:
    """(M, U): 1 at the track that was played `steps` plays before each position, nothing before the first play."""
    at = positions - steps
    return _weighted(around, tracks, np.maximum(at, 0)[:, None], (at >= 0)[:, None].astype(np.float64))


def _weighted(
    around: Surroundings, tracks: Tracks, plays: NDArray[np.int64], weights: NDArray[np.float64]
) -> sp.csr_array:
    """(M, U) with `weights` (M, J) added up at the tracks of `plays` (M, J)."""
    moment, place = np.nonzero(weights)
    columns = around.local[tracks[plays[moment, place]]]
    entries = (weights[moment, place].astype(np.float32), (moment, columns))
    return sp.csr_array(entries, shape=(len(weights), len(around.tracks)))
