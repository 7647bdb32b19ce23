"""Why a track is recommended, truly: the path that carried it, and the past plays that this path read.

Letters: B = 1 moment, P paths, M content paths, L listens of context, C candidates, U tracks of the listener.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN
from shared_model.head.explain import path_shares
from shared_model.head.inference import Scored
from shared_model.history import History
from shared_model.memory.moments import Moments
from shared_model.memory.surroundings import Surroundings

MOST_PAST = 2
"""Past tracks that are named."""
_LEAST_ATTENTION = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A play of before that speaks for the track. index: in the catalogue; weight: of all such plays, 0..1."""

    index: int
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """path: with the largest share; shares: of all paths with any, largest first; past: what it read, heaviest first,
    empty where the path reads none; plays, last_at_s: of this track by this listener, 0 and None where never;
    artist_plays: of its artist by this listener, 0 where the artist is not known."""

    path: str
    shares: dict[str, float]
    past: tuple[Past, ...]
    plays: int
    last_at_s: float | None
    artist_plays: int


def reason_of(place: int, scored: Scored, moment: Moments, paths: tuple[str, ...], history: History) -> Reason | None:
    """That of the candidate at `place`, or None where nothing speaks for it. paths: names of the P paths."""
    shares = path_shares(scored.contributions, np.array([place]))[0]
    if not shares.any():
        return None
    path = paths[int(shares.argmax())]
    index = int(moment.candidates[0, place])
    played = history.tracks == index
    times, artist = history.started_at_s, moment.evidence.catalogue.artist
    return Reason(
        path=path,
        shares={paths[at]: round(float(shares[at]), 4) for at in np.argsort(-shares, kind="stable") if shares[at] > 0},
        past=_past(path, index, scored, moment, place=paths.index(path)),
        plays=int(played.sum()),
        last_at_s=float(times[played].max()) if times is not None and played.any() else None,
        artist_plays=0 if artist[index] == UNKNOWN else int((artist[history.tracks] == artist[index]).sum()),
    )


def _past(path: str, index: int, scored: Scored, moment: Moments, *, place: int) -> tuple[Past, ...]:
    """place: of the path; those of content come first, and are the modalities that attention is of."""
    around, recent = moment.evidence.around, moment.evidence.recent[0]
    recent = recent[recent >= 0]
    if path in ("transitions", "neighbours"):
        return _heaviest(
            recent, _near(around, recent, index) if path == "neighbours" else _followed(around, recent, index)
        )
    if path in ("pairs", "own_sequence"):
        return tuple(Past(index=int(track), weight=1.0) for track in recent[: 2 if path == "pairs" else 1])
    if path in ("artist", "album", "own_artists"):
        labels = moment.evidence.catalogue.album if path == "album" else moment.evidence.catalogue.artist
        return _heaviest(recent, (labels[recent] == labels[index]).astype(np.float32))
    if path in ("popularity", "own_counts"):
        return ()
    listens = moment.situation.history[0]
    return _heaviest(listens, np.where(listens >= 0, scored.attention[0, place], 0))


def _heaviest(tracks: NDArray[np.int64], weights: NDArray[np.floating]) -> tuple[Past, ...]:
    """The heaviest tracks, each once, with their share of all weight."""
    total = float(weights.sum())
    if total <= 0:
        return ()
    by_track: dict[int, float] = {}
    for track, weight in zip(tracks.tolist(), weights.tolist(), strict=True):
        by_track[track] = by_track.get(track, 0.0) + weight / total
    heaviest = sorted(by_track.items(), key=lambda item: -item[1])[:MOST_PAST]
    return tuple(Past(index=track, weight=round(weight, 4)) for track, weight in heaviest if weight >= _LEAST_ATTENTION)


def _followed(around: Surroundings, recent: NDArray[np.int64], index: int) -> NDArray[np.float32]:
    """How often others played the track soon after, or before, each recent one."""
    rows = around.local[recent]
    return np.array([around.soon[row, index] + around.lately[row, index] for row in rows], np.float32)


def _near(around: Surroundings, recent: NDArray[np.int64], index: int) -> NDArray[np.float32]:
    return np.array([around.near[row, index] for row in around.local[recent]], np.float32)
