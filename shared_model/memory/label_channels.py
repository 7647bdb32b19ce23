"""What artists and albums say of the next play: evidence by label, read at the labels of the candidates.

Letters: M moments, T plays, A labels (artists or albums).
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN
from shared_model.memory.channels import FORGETTING, strength
from shared_model.memory.surroundings import Surroundings

RUN = 10
RUN_PLAYS = 5
"""So many plays of one artist among the last `RUN` count fully."""
RECENT_ARTISTS = 10
ARTIST_DECAY = 0.85


def artist_channels(
    around: Surroundings, artist: NDArray[np.int64], positions: NDArray[np.int64], artists: int
) -> dict[str, sp.csr_array]:
    """Evidence (M, A) of the listener's plays by artist (T,), before each position, at least 0."""
    latest = _labelled(artist, positions, artists, _recency(artist, positions, 1, 1.0))
    recent = _labelled(artist, positions, artists, _recency(artist, positions, RECENT_ARTISTS, ARTIST_DECAY))
    return {
        "same_artist": latest,
        "artist_next": _strength(latest @ around.artist_next),
        "artist_near": _strength(recent @ around.artist_near),
        "artist_run": _run(artist, positions, artists),
        "own_artist": _habit(artist, positions, artists),
        "own_artist_next": _own_next(artist, positions, artists),
    }


def album_channels(album: NDArray[np.int64], positions: NDArray[np.int64], albums: int) -> dict[str, sp.csr_array]:
    """Evidence (M, B) of the listener's plays by album (T,), before each position, at least 0."""
    return {
        "same_album": _labelled(album, positions, albums, _recency(album, positions, 1, 1.0)),
        "album_run": _run(album, positions, albums),
        "own_album": _habit(album, positions, albums),
    }


def _recency(label: NDArray[np.int64], positions: NDArray[np.int64], last: int, decay: float) -> NDArray[np.float64]:
    """(M, T): decay**j for the play j places before the newest one, 0 beyond the `last`."""
    ago = positions[:, None] - 1 - np.arange(len(label))
    return np.where((ago >= 0) & (ago < last), decay ** np.clip(ago, 0, last), 0)


def _labelled(
    label: NDArray[np.int64], positions: NDArray[np.int64], labels: int, weights: NDArray[np.float64]
) -> sp.csr_array:
    """(M, A): weights (M, T) of the plays added up by label; unknown labels are left out."""
    moment, play = np.nonzero(weights * (label != UNKNOWN))
    entries = (weights[moment, play].astype(np.float32), (moment, label[play]))
    added = sp.csr_array(entries, shape=(len(positions), labels))
    added.sum_duplicates()
    return added


def _run(label: NDArray[np.int64], positions: NDArray[np.int64], labels: int) -> sp.csr_array:
    return _labelled(label, positions, labels, _recency(label, positions, RUN, 1.0) / RUN_PLAYS)


def _habit(label: NDArray[np.int64], positions: NDArray[np.int64], labels: int) -> sp.csr_array:
    age = positions[:, None] - np.arange(len(label))
    weights = np.where(age > 0, np.maximum(age, 1) ** -FORGETTING, 0)
    habit = _labelled(label, positions, labels, weights)
    habit.data = np.log1p(3 * habit.data) / np.float32(np.log(4))
    return habit


def _own_next(label: NDArray[np.int64], positions: NDArray[np.int64], labels: int) -> sp.csr_array:
    """What the listener turned to after earlier plays of the latest label, as a probability's strength."""
    previous = np.r_[UNKNOWN, label[:-1]]
    latest = label[positions - 1]
    after = (previous == latest[:, None]) & (latest[:, None] != UNKNOWN) & (np.arange(len(label)) < positions[:, None])
    return _strength(_labelled(label, positions, labels, after / (after.sum(1, keepdims=True) + 1)))


def _strength(weights: sp.csr_array) -> sp.csr_array:
    weights = sp.csr_array(weights)
    weights.data = strength(weights.data)
    return weights
