"""Why a track is recommended, truly: the path that carried it, the past plays that it read, and what can be counted.

Letters: P paths.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from client.recommend.past import Past, past_of
from shared_model.catalogue import UNKNOWN
from shared_model.head.explain import path_shares
from shared_model.head.inference import Scored
from shared_model.history import History
from shared_model.memory.moments import Moments
from shared_model.release_0.collection import Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Of the track `index`. path: with the largest share; shares: of all paths with any, largest first; past: what the
    path read, heaviest first, empty where it reads none.

    plays, last_at_s: of the track by this listener, 0 and None where never; artist_plays, album_plays: of its artist
    and album, 0 where they are not known; others_plays, others_artist_plays: by the release's listeners.
    """

    index: int
    path: str
    shares: Mapping[str, float]
    past: tuple[Past, ...] = ()
    plays: int = 0
    last_at_s: float | None = None
    artist_plays: int = 0
    album_plays: int = 0
    others_plays: int = 0
    others_artist_plays: int = 0


def reason_of(place: int, scored: Scored, moment: Moments, paths: tuple[str, ...], history: History) -> Reason | None:
    """That of the candidate at `place`, or None where nothing speaks for it. paths: names of the P paths."""
    shares = path_shares(scored.contributions, np.array([place]))[0]
    if not shares.any():
        return None
    carried = int(shares.argmax())
    index = int(moment.candidates[0, place])
    played = history.tracks == index
    catalogue, times = moment.evidence.catalogue, history.started_at_s
    return Reason(
        index=index,
        path=paths[carried],
        shares={paths[at]: round(float(shares[at]), 4) for at in np.argsort(-shares, kind="stable") if shares[at] > 0},
        past=past_of(paths[carried], index, scored, moment, place=carried, tracks=history.tracks),
        plays=int(played.sum()),
        last_at_s=float(times[played].max()) if times is not None and played.any() else None,
        artist_plays=_plays_of(catalogue.artist, index, history),
        album_plays=_plays_of(catalogue.album, index, history),
        others_plays=round(float(moment.evidence.around.plays[index])),
        others_artist_plays=_at(moment.evidence.around.artist_plays, int(catalogue.artist[index])),
    )


def popular(index: int, collection: Collection) -> Reason | None:
    """Where nothing was played yet: others' plays, or None where there are none of them either."""
    statistics = collection.paths.statistics
    plays = round(float(statistics.plays[index]))
    artist_plays = _at(statistics.artist_plays, int(collection.catalogue.artist[index]))
    if not plays:
        return None
    shares = {"popularity": 1.0}
    return Reason(index=index, path="popularity", shares=shares, others_plays=plays, others_artist_plays=artist_plays)


def _plays_of(labels: NDArray[np.int64], index: int, history: History) -> int:
    return 0 if labels[index] == UNKNOWN else int((labels[history.tracks] == labels[index]).sum())


def _at(plays: NDArray[np.float32], label: int) -> int:
    return 0 if label == UNKNOWN else round(float(plays[label]))
