"""What this device says of the model that a round begins with: of its own latest plays, which it never trains on.

Letters: T held-out plays, G mood groups.
"""

import numpy as np
from numpy.typing import NDArray

from client.personalise.evaluate import foresee, held_out_from
from shared_model.head.inference import FrozenHead
from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.history import History
from shared_model.quality.said import disjoint_moods, quality_rows
from shared_model.release_0.collection import Collection
from shared_model.secagg.encoding import QUALITY_GROUPS

HELD_OUT = 10
"""Plays at most, as in simulations: what is held out is not learned from until newer plays take its place."""


def first_held_out(plays: History) -> int:
    """The position of the first one. It never goes back while plays are added at the end, so that what a round learned
    from is held out by no later one; where the listener deletes their latest plays, or a short history grows at its
    beginning, it may."""
    return held_out_from(plays, most=HELD_OUT)


def quality_of(head: FrozenHead, collection: Collection, plays: History, *, first: int) -> NDArray[np.float64]:
    """(3 G,) as a row of `quality_rows`; zeros where nothing is held out. head: as it was received, not as it was tuned
    for this listener."""
    if first == len(plays):
        return np.zeros(3 * len(QUALITY_GROUPS))
    ranks = foresee(head, collection, plays, first=first)
    states = plays.states
    if states is None:
        states = np.full((len(plays), len(STATE_FEATURES)), np.nan, np.float32)
    moods = disjoint_moods(states[first:])
    row: NDArray[np.float64] = quality_rows(ranks, moods=moods, listener=np.zeros(len(ranks), np.int64), devices=1)[0]
    return row
