"""A log of plays as read from a file, and the dense part of it that can be learned from.

Letters: P plays of all listeners one after the other, N tracks of the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.errors import BadInput
from shared_model.history import History

MIN_TRACK_PLAYS = 5
MIN_LISTENER_PLAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayLog:
    """Plays grouped by listener, oldest first within each.

    listener, track: (P,) integers that index `listener_ids` and `track_ids`; started_at_s: (P,) unix seconds, or None
    where the file has no times; artist, album: (N,) integers, `UNKNOWN` where not known.
    """

    listener_ids: Sequence[str]
    track_ids: Sequence[str]
    listener: NDArray[np.int64]
    track: NDArray[np.int64]
    started_at_s: NDArray[np.float64] | None
    artist: NDArray[np.int64]
    album: NDArray[np.int64]


def dense_part(log: PlayLog, *, name: str) -> tuple[Catalogue, tuple[History, ...]]:
    """The catalogue called `name` and the histories over it, by the protocol of the published numbers.

    Plays of the same track in a row become one; tracks with at least `MIN_TRACK_PLAYS` of those plays stay; rows are
    joined again; listeners with at least `MIN_LISTENER_PLAYS` plays stay, and the catalogue is what they play. Tracks
    keep the order and the ids of the log; artists and albums are numbered from 0. The filter looks at everyone's plays,
    so a federated result over it assumes that the catalogue is public.

    Raises:
        BadInput: no listener is left.
    """
    plays = _kept(log)
    if not len(plays):
        raise BadInput(
            f"{name}: no listener has {MIN_LISTENER_PLAYS} plays of tracks with at least {MIN_TRACK_PLAYS} plays; "
            "give a larger log"
        )
    kept_tracks, tracks = np.unique(log.track[plays], return_inverse=True)
    catalogue = Catalogue(
        name=name,
        track_ids=tuple(log.track_ids[track] for track in kept_tracks),
        artist=_numbered(log.artist[kept_tracks]),
        album=_numbered(log.album[kept_tracks]),
        modalities={},
    )
    started_at_s = None if log.started_at_s is None else log.started_at_s[plays]
    listeners = log.listener[plays]
    starts = np.flatnonzero(np.diff(listeners, prepend=-1))
    histories = tuple(
        History(
            listener=log.listener_ids[listeners[start]],
            tracks=tracks[start:end].astype(np.int64),
            started_at_s=None if started_at_s is None else started_at_s[start:end],
        )
        for start, end in zip(starts, [*starts[1:], len(plays)], strict=True)
    )
    return catalogue, histories


def _kept(log: PlayLog) -> NDArray[np.int64]:
    """Places in the log of the plays that stay."""
    plays = _joined(log, np.arange(len(log.track)))
    frequent = np.bincount(log.track[plays]) >= MIN_TRACK_PLAYS
    plays = _joined(log, plays[frequent[log.track[plays]]])
    active = np.bincount(log.listener[plays]) >= MIN_LISTENER_PLAYS
    return plays[active[log.listener[plays]]]


def _joined(log: PlayLog, plays: NDArray[np.int64]) -> NDArray[np.int64]:
    """`plays` without those that repeat the listener's play before them; the first of a row stays."""
    other_track: NDArray[np.bool_] = np.diff(log.track[plays], prepend=-1) != 0
    other_listener: NDArray[np.bool_] = np.diff(log.listener[plays], prepend=-1) != 0
    return plays[other_track | other_listener]


def _numbered(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same labels as 0, 1, ... in their order, `UNKNOWN` kept."""
    numbers = np.full(len(labels), UNKNOWN, dtype=np.int64)
    known = labels != UNKNOWN
    numbers[known] = np.unique(labels[known], return_inverse=True)[1]
    return numbers
