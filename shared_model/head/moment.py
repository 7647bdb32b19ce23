"""What kind of moment it is: repeating or exploring, in order or not, how long since the last listen.

Letters: E moments, K features.
"""

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.history import History

MOMENT_FEATURES = (
    "repeat_share",  # of the last 10 plays, the share that had been played before
    "latest_was_repeat",
    "latest_count",  # log1p(plays of the latest track so far) / log1p(20)
    "same_artist_run",  # 1 where the two latest plays share a known artist
    "same_album_run",
    "history_length",  # log1p(plays so far) / log1p(1000)
    "pause",  # log1p(hours since the latest listen) / log1p(168), 0 where the log has no times
    "pause_known",
)
"""K = 8 features, in this order everywhere."""
RECENT = 10


def moment_features(history: History, positions: NDArray[np.int64], catalogue: Catalogue) -> NDArray[np.float32]:
    """Features (E, K) of the moments just before the plays at `positions` (E,), each from 1 to T.

    They read the plays before the position, and the time of the play to come, never its track.
    """
    tracks = history.tracks
    order = np.argsort(tracks, kind="stable")
    count_before = np.empty(len(tracks), dtype=np.int64)
    starts = np.r_[0, np.flatnonzero(np.diff(tracks[order])) + 1]
    count_before[order] = np.arange(len(tracks)) - np.repeat(starts, np.diff(np.r_[starts, len(tracks)]))
    repeats = np.r_[0, np.cumsum(count_before > 0)]
    first = np.maximum(positions - RECENT, 0)
    latest = positions - 1
    features = np.zeros((len(positions), len(MOMENT_FEATURES)), dtype=np.float32)
    features[:, 0] = (repeats[positions] - repeats[first]) / (positions - first)
    features[:, 1] = count_before[latest] > 0
    features[:, 2] = np.log1p(count_before[latest] + 1) / np.log1p(20)
    features[:, 3] = _same_as_previous(catalogue.artist[tracks], latest)
    features[:, 4] = _same_as_previous(catalogue.album[tracks], latest)
    features[:, 5] = np.log1p(positions) / np.log1p(1000)
    if history.started_at_s is not None:
        known = positions < len(tracks)
        moment_s = history.started_at_s[np.minimum(positions, len(tracks) - 1)]
        pause_h = np.maximum(moment_s - history.started_at_s[latest], 0) / 3600
        features[:, 6] = np.where(known, np.log1p(pause_h) / np.log1p(168), 0)
        features[:, 7] = known
    return features


def _same_as_previous(labels: NDArray[np.int64], latest: NDArray[np.int64]) -> NDArray[np.bool_]:
    previous = labels[np.maximum(latest - 1, 0)]
    same: NDArray[np.bool_] = (latest > 0) & (labels[latest] == previous) & (labels[latest] != UNKNOWN)
    return same
