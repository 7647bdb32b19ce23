"""What a device keeps of its own listener between recommendations, so that asking again redoes nothing that stands.

Letters: T plays, E channels, S state features, N tracks.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput
from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.history import History, Tracks
from shared_model.memory.channels import CHANNELS
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.moments import Moments, recorded, said_of_plays, situation
from shared_model.memory.surroundings import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Recollection:
    """Of a listener who has played `tracks` (T,): other people's listening around them, and what memory said lately.

    said: (T + 1, E) float32 by position, of each of the last plays when it came; 0 at others.
    """

    paths: MemoryPaths
    tracks: Tracks
    counted: Tracks
    around: Surroundings
    said: NDArray[np.float32]

    def moment(
        self,
        history: History,
        *,
        now_s: float,
        state: NDArray[np.float32] | None = None,
        shortlist: int,
        among: NDArray[np.bool_] | None = None,
    ) -> Moments:
        """The moment `now_s` (unix seconds) after all plays of `history`, with the tracks that memory retrieves: M = 1.

        history: the plays recollected; state: (S,) now, NaN where unanswered, None where nobody asked; among: (N,)
        the tracks that may be retrieved. Raises BadInput where `history` holds other plays.
        """
        if not np.array_equal(history.tracks, self.tracks):
            raise BadInput(f"recollection: of {len(self.tracks)} plays, not of these {len(history)}; recollect them")
        asked, position = awaiting(history, now_s=now_s, state=state), np.array([len(history)])
        evidence = self.paths.evidence(self.around, asked.tracks, position)
        return Moments(
            positions=position,
            candidates=self.paths.retrieval.shortlist(evidence, shortlist, among=among),
            evidence=evidence,
            situation=situation(asked, position, paths=self.paths, said=self.said),
        )


def recollect(
    history: History, *, paths: MemoryPaths, counted: Tracks, earlier: Recollection | None = None
) -> Recollection:
    """What the plays of `history` leave behind. Raises BadInput where there are none.

    counted: the plays of this listener that the statistics of `paths` hold, on a device none; earlier: of the same
    listener before its latest plays: what they did not change is taken over.
    """
    tracks, plays = history.tracks, len(history)
    if not plays:
        raise BadInput("recollection: nothing was played yet; recommend by popularity until something is")
    around, said = None, np.zeros((plays + 1, len(CHANNELS)), np.float32)
    asked = recorded(np.array([plays]), plays)
    if earlier is not None and _continues(earlier, tracks, paths, counted):
        before = len(earlier.tracks)
        said[:before] = earlier.said[:before]
        asked = asked[asked >= before]
        if np.isin(tracks[before:], earlier.around.tracks).all():
            around = earlier.around
    around = paths.around(tracks, counted=counted) if around is None else around
    if len(asked):
        said[asked] = said_of_plays(paths.evidence(around, tracks, asked), tracks, asked)
    return Recollection(paths=paths, tracks=tracks, counted=counted, around=around, said=said)


def awaiting(history: History, *, now_s: float, state: NDArray[np.float32] | None) -> History:
    """`history` with a play to come: its time and the state before it are known, its track is not (nobody reads it)."""
    states = history.states
    if states is not None or state is not None:
        unanswered = np.full((1, len(STATE_FEATURES)), np.nan, np.float32)
        earlier = np.repeat(unanswered, len(history), axis=0) if states is None else states
        states = np.concatenate([earlier, unanswered if state is None else state[None]])
    times = history.started_at_s
    return replace(
        history,
        tracks=np.append(history.tracks, history.tracks[-1]),
        started_at_s=None if times is None else np.append(times, now_s),
        states=states,
    )


def _continues(earlier: Recollection, tracks: Tracks, paths: MemoryPaths, counted: Tracks) -> bool:
    """Whether `tracks` begin with all that was recollected, and by the same statistics."""
    return (
        earlier.paths is paths
        and np.array_equal(earlier.counted, counted)
        and np.array_equal(earlier.tracks, tracks[: len(earlier.tracks)])
    )
