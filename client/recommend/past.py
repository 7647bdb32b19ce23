"""Which past plays a path read when it spoke for a track, each with its weight there.

Every path reads what is said in `shared_model.memory.channels`; what is named here is never more than that.
Letters: T plays, J plays that a path reads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN
from shared_model.head.inference import Scored
from shared_model.history import Tracks
from shared_model.memory.channels import FORGETTING
from shared_model.memory.evidence import Evidence
from shared_model.memory.label_channels import ARTIST_DECAY, RUN, RUN_PLAYS
from shared_model.memory.moments import Moments
from shared_model.memory.personal_channels import CONTEXT, WINDOW

MOST_PAST: Final = 2
"""Past tracks that are named."""
_LEAST_WEIGHT: Final = 0.05
"""Of a track that is named after the heaviest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A track that was played and speaks for another. index: in the catalogue; weight: of all such plays, 0..1."""

    index: int
    weight: float


def past_of(path: str, index: int, scored: Scored, moment: Moments, *, place: int, tracks: Tracks) -> tuple[Past, ...]:
    """What the path read for the track `index`, heaviest first; empty where it reads no play of another time.

    place: of the path; those of content come first, and are the modalities that attention is of; tracks: (T,) played.
    """
    if place < scored.attention.shape[1]:
        listens = moment.situation.history[0]
        return _heaviest(listens, np.where(listens >= 0, scored.attention[0, place], 0))
    reads = _READS.get(path)
    return () if reads is None else _heaviest(*reads(index, moment.evidence, tracks))


_Read = tuple[Tracks, NDArray[np.floating]]
"""Plays (J,) and their weights (J,), at least 0."""


def _heaviest(tracks: Tracks, weights: NDArray[np.floating]) -> tuple[Past, ...]:
    """The heaviest tracks, each once, with their share of all weight."""
    total = float(weights.sum())
    if total <= 0:
        return ()
    by_track: dict[int, float] = {}
    for track, weight in zip(tracks.tolist(), weights.tolist(), strict=True):
        by_track[track] = by_track.get(track, 0.0) + weight / total
    heaviest = sorted(by_track.items(), key=lambda item: -item[1])[:MOST_PAST]
    named = [heaviest[0], *(each for each in heaviest[1:] if each[1] >= _LEAST_WEIGHT)]
    return tuple(Past(index=track, weight=round(weight, 4)) for track, weight in named)


def _transitions(index: int, evidence: Evidence, tracks: Tracks) -> _Read:
    """The latest play by what others played within five of it; each before it by what came just as many plays after."""
    around = evidence.around
    recent = tracks[::-1][: len(around.follows)]
    rows = around.local[recent]
    weights = [around.follows[ago][row, index] for ago, row in enumerate(rows)]
    weights[0] = around.soon[rows[0], index] + around.lately[rows[0], index]
    return recent, np.array(weights)


def _pairs(_: int, __: Evidence, tracks: Tracks) -> _Read:
    """In the order in which they were played."""
    return tracks[-2:], np.ones(len(tracks[-2:]))


def _neighbours(index: int, evidence: Evidence, tracks: Tracks) -> _Read:
    around = evidence.around
    near = around.near[:, [index]].toarray()[:, 0]
    return tracks, near[around.local[tracks]] * _recency(tracks)


def _artist(index: int, evidence: Evidence, tracks: Tracks) -> _Read:
    """Plays of the same artist, and where there are none of those whose artists others play near this one."""
    labels = evidence.catalogue.artist
    recent, weights = _same_label(labels, index, tracks)
    if weights.any():
        return recent, weights
    near = evidence.around.artist_near
    decay = ARTIST_DECAY ** np.arange(len(recent))
    known = [near[label, labels[index]] if label != UNKNOWN else 0 for label in labels[recent]]
    return recent, np.array(known) * decay


def _album(index: int, evidence: Evidence, tracks: Tracks) -> _Read:
    return _same_label(evidence.catalogue.album, index, tracks)


def _own_artists(index: int, evidence: Evidence, tracks: Tracks) -> _Read:
    """All plays of the same artist, and where it is not known of the same album."""
    catalogue = evidence.catalogue
    labels = catalogue.album if catalogue.artist[index] == UNKNOWN else catalogue.artist
    return tracks, (labels[tracks] == labels[index]) * _recency(tracks)


def _own_sequence(index: int, evidence: Evidence, tracks: Tracks) -> _Read:
    """The last plays by how near to earlier ones of theirs the track was played: after all, before the latest only."""
    del evidence
    recent = tracks[::-1][:CONTEXT]
    weights = np.zeros(len(recent))
    for at in np.flatnonzero(tracks == index).tolist():
        for lag in range(1, min(CONTEXT, at) + 1):
            weights += (recent == tracks[at - lag]) / lag
        for lag in range(1, min(WINDOW, len(tracks) - 1 - at) + 1):
            weights[0] += (recent[0] == tracks[at + lag]) / lag
    newest = np.array([bool((recent[:ago] != track).all()) for ago, track in enumerate(recent)])
    return recent, weights * newest


_READS: Final[dict[str, Callable[[int, Evidence, Tracks], _Read]]] = {
    "transitions": _transitions,
    "pairs": _pairs,
    "neighbours": _neighbours,
    "artist": _artist,
    "album": _album,
    "own_sequence": _own_sequence,
    "own_artists": _own_artists,
}
"""Popularity reads no play of the listener, own counts those of the track itself."""


def _recency(tracks: Tracks) -> NDArray[np.float64]:
    """(T,) as habits fade, see `FORGETTING`."""
    weights: NDArray[np.float64] = np.arange(len(tracks), 0, -1.0) ** -FORGETTING
    return weights


def _same_label(labels: NDArray[np.int64], index: int, tracks: Tracks) -> _Read:
    """The plays of a run, the newest first, by whether they have the track's label."""
    recent = tracks[::-1][:RUN]
    weights = np.full(len(recent), 1 / RUN_PLAYS)
    weights[:1] += 1
    return recent, weights * ((labels[recent] == labels[index]) & (labels[index] != UNKNOWN))
