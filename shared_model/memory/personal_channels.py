"""What this listener does: plays, their recency, and what followed what. Nothing here leaves the device.

Letters: M moments, T plays, U tracks of the listener.
"""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from shared_model.memory.channels import FORGETTING

JUST_NOW = 10
WINDOW = 5
CONTEXT = 8
CONTEXT_DECAY = 0.8
RECALL_FORGETTING = 0.3
"""Sequences are forgotten more slowly than plays: t^-0.3."""


def personal_channels(
    own: NDArray[np.int64], positions: NDArray[np.int64], tracks: int
) -> dict[str, NDArray[np.float32]]:
    """Evidence (M, U) of the listener's own plays, at least 0 and about 1 at most.

    own: (T,) the plays as places among the listener's `tracks` = U tracks; positions: (M,) each from 1 to T.
    """
    play = np.arange(len(own))
    age = np.maximum(positions[:, None] - play, 1)
    past = play < positions[:, None]
    latest = own[positions - 1]
    recall = past * age**-RECALL_FORGETTING
    after_latest = past & (_shifted(own, 1) == latest[:, None])
    around_next = sum((_shifted(own, lag) == latest[:, None]) / lag for lag in range(1, WINDOW + 1))
    around_last = sum(
        (_shifted(own, -lag) == latest[:, None]) * (play + lag < positions[:, None]) / lag
        for lag in range(1, WINDOW + 1)
    )
    aligned, matched = _context_match(own, positions)
    weights = {
        "own_plays": past.astype(np.float64),
        "own_recent": past * age**-FORGETTING,
        "own_last_10": past & (age <= JUST_NOW),
        "own_next": after_latest * recall,
        "own_soon": around_next * recall,
        "own_lately": around_last * past,
        "own_aligned": aligned**2 * recall,
        "own_matched": matched**2 * recall,
    }
    found = {name: _log(_added_up(weight, own, tracks)) for name, weight in weights.items()}
    newest = _newest(past, own, tracks)
    gap = positions[:, None] - newest
    found["own_age"] = np.where(newest >= 0, 1 / np.log(np.e - 1 + np.maximum(gap, 1)), 0).astype(np.float32)
    found["own_last_10"] = (found["own_last_10"] > 0).astype(np.float32)
    follower = np.where(after_latest, play, -1).max(1)
    latest_follower = np.zeros((len(positions), tracks), np.float32)
    known = np.flatnonzero(follower >= 0)
    latest_follower[known, own[follower[known]]] = 1
    found["own_next_latest"] = latest_follower
    return found


def _context_match(
    own: NDArray[np.int64], positions: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How alike the plays before each play are to those before the moment, (M, T): attention over own occurrences.

    aligned: the same track equally many plays before, decay**(j-1) for the j-th; matched: at any of the places, which
    finds an album that is played again in another order.
    """
    ago = positions[:, None] - np.arange(1, CONTEXT + 1)
    context = np.where(ago >= 0, own[np.maximum(ago, 0)], -2)
    decay = CONTEXT_DECAY ** np.arange(CONTEXT)
    aligned = np.zeros((len(positions), len(own)))
    matched = np.zeros((len(positions), len(own)))
    for place in range(CONTEXT):
        before = _shifted(own, place + 1)
        equal = before == context[:, :, None]  # (M, CONTEXT, T)
        aligned += decay[place] * equal[:, place]
        matched += decay[place] * (equal * decay[:, None]).max(1)
    return aligned, matched


def _shifted(own: NDArray[np.int64], steps: int) -> NDArray[np.int64]:
    """(T,) the play `steps` before each (after, where negative); -1 where there is none."""
    shifted = np.full(len(own), -1)
    if 0 < steps < len(own):
        shifted[steps:] = own[:-steps]
    elif 0 < -steps < len(own):
        shifted[:steps] = own[-steps:]
    return shifted


def _added_up(weights: NDArray[np.float64], own: NDArray[np.int64], tracks: int) -> NDArray[np.float32]:
    """(M, U): weights (M, T) added up by track."""
    by_track = sp.csr_array((np.ones(len(own), np.float32), (own, np.arange(len(own)))), shape=(tracks, len(own)))
    added: NDArray[np.float32] = (by_track @ weights.T.astype(np.float32)).T
    return added


def _newest(past: NDArray[np.bool_], own: NDArray[np.int64], tracks: int) -> NDArray[np.int64]:
    """(M, U): the latest play of each track before the moment, -1 where there is none."""
    newest = np.full((len(past), tracks), -1)
    for moment, length in enumerate(past.sum(1)):
        newest[moment, own[:length]] = np.arange(length)
    return newest


def _log(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """log(1 + 10 w) / log(11): 1 for one play just now."""
    scaled: NDArray[np.float32] = (np.log1p(np.float32(10) * weight) / np.log(11)).astype(np.float32)
    return scaled
