"""When a listener plays: sessions of a few songs, hours or days apart.

Letters: L listeners, T plays of the longest history.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulations.simulated_listeners.population import FEWEST_PLAYS

_EPOCH_S = 1_704_067_200.0  # 1 January 2024: every history begins in the 60 days after it
_MEAN_SESSION_PLAYS = 8.0
_MOST_PLAYS_OVER_MEAN = 5  # cuts the exponential's tail, which would make every array as long as one listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Times of plays.

    plays: (L,) how many are real, descending; started_at_s: (L, T) unix seconds, increasing along a row;
    begins: (L, T) bool, True at the first play of a session.
    """

    plays: NDArray[np.int64]
    started_at_s: NDArray[np.float64]
    begins: NDArray[np.bool_]


def draw_sessions(listeners: int, mean_plays: float, *, rng: np.random.Generator) -> Sessions:
    """Draw the times of `listeners` histories of `mean_plays` plays on average."""
    plays = FEWEST_PLAYS + np.rint(rng.exponential(mean_plays - FEWEST_PLAYS, listeners)).astype(np.int64)
    plays = np.sort(np.minimum(plays, round(_MOST_PLAYS_OVER_MEAN * mean_plays)))[::-1]
    shape = (listeners, int(plays[0]))
    begins = rng.random(shape) < 1 / _MEAN_SESSION_PLAYS
    begins[:, 0] = True
    # a song and the pause after it: median 170 s; between sessions: an hour and more, median 17 h
    within_s = rng.lognormal(np.log(170), 0.35, shape)
    between_s = 3_600 + rng.lognormal(np.log(16 * 3_600), 0.9, shape)
    steps_s = np.where(begins, between_s, within_s)
    steps_s[:, 0] = rng.uniform(0, 60 * 86_400, listeners)
    return Sessions(plays=plays, started_at_s=np.round(_EPOCH_S + steps_s.cumsum(axis=1)), begins=begins)
