"""Moments of one listener as the head reads them, whoever asks: training, evaluation, or a recommendation now.

Letters: M moments of one listener, T plays, L listens of context, S state features, K moment features, E channels,
C candidates, N tracks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared_model.head.moment import moment_features
from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.history import History, Tracks
from shared_model.memory.channels import CHANNELS
from shared_model.memory.evidence import Evidence
from shared_model.memory.memory_paths import MemoryPaths

HISTORY_LENGTH = 20
"""L: how many listens temporal attention looks back on."""
NUMBERS_AT_ONCE = 2_000_000
"""Tracks, or plays, times moments whose dense evidence is in memory at once: some 10 MB a channel."""
RECORD_LENGTH = 10
RECORD_DECAY = 0.7


class Situation(NamedTuple):
    """What moments are like, whatever is recommended at them.

    history: (M, L) int64 catalogue indices, latest last, -1 where there is no listen;
    hours: (M, L) float32 hours between each listen and the moment, 0 where the log has no times;
    state: (M, S) float32, NaN where unanswered; moment: (M, K) float32;
    record: (M, E) float32, what each channel of memory had said of the plays that came lately.
    """

    history: NDArray[np.int64]
    hours: NDArray[np.float32]
    state: NDArray[np.float32]
    moment: NDArray[np.float32]
    record: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Moments before the plays at `positions` (M,), with the tracks that memory retrieves: candidates (M, C)."""

    positions: NDArray[np.int64]
    candidates: NDArray[np.int64]
    evidence: Evidence
    situation: Situation

    def read(self, candidates: NDArray[np.int64]) -> NDArray[np.float16]:
        """Evidence (M, E, C) of candidates (M, C), in the precision in which heads are trained on it."""
        return self.evidence.read(candidates).astype(np.float16)


def read_moments(
    history: History,
    positions: NDArray[np.int64],
    *,
    paths: MemoryPaths,
    counted: Tracks,
    shortlist: int,
    among: NDArray[np.bool_] | None = None,
) -> Iterator[Moments]:
    """The moments at `positions`, ascending, distinct, each from 1 to T, some at a time.

    counted: the plays of this listener that the statistics of `paths` hold; they are taken out;
    among: (N,) the tracks that may be retrieved, all where it is None.
    """
    if not len(positions):
        return
    around = paths.around(history.tracks, counted=counted)
    visited = np.union1d(recorded(positions, len(history)), positions)
    said = np.zeros((len(history) + 1, len(CHANNELS)), np.float32)  # of the play that came, by its position
    at_once = max(NUMBERS_AT_ONCE // max(len(paths.catalogue), len(history)), 1)
    for start in range(0, len(visited), at_once):
        some = visited[start : start + at_once]
        evidence = paths.evidence(around, history.tracks, some)
        said[some] = said_of_plays(evidence, history.tracks, some)
        wanted = np.isin(some, positions)
        if wanted.any():
            asked, evidence = some[wanted], evidence.rows(np.flatnonzero(wanted))
            yield Moments(
                positions=asked,
                candidates=paths.retrieval.shortlist(evidence, shortlist, among=among),
                evidence=evidence,
                situation=situation(history, asked, paths=paths, said=said),
            )


def recorded(positions: NDArray[np.int64], plays: int) -> NDArray[np.int64]:
    """The positions, ascending, of the plays among T that the records of `positions` are about, and they themselves."""
    ago = positions[:, None] - np.arange(RECORD_LENGTH + 1)
    visited: NDArray[np.int64] = np.unique(ago[(ago >= 1) & (ago < plays)])  # before the first play memory says nothing
    return visited


def said_of_plays(evidence: Evidence, tracks: Tracks, positions: NDArray[np.int64]) -> NDArray[np.float32]:
    """(M, E): what each channel says, at each of `positions`, of the play that came there."""
    came = tracks[np.minimum(positions, len(tracks) - 1)]
    return evidence.read(came[:, None])[:, :, 0]


def situation(
    history: History, positions: NDArray[np.int64], *, paths: MemoryPaths, said: NDArray[np.float32]
) -> Situation:
    """What the moments at `positions` (M,) are like. said: (T + 1, E), by position, what was said of earlier plays."""
    back = positions[:, None] + np.arange(-HISTORY_LENGTH, 0)
    known = back >= 0
    listens = np.where(known, history.tracks[np.maximum(back, 0)], -1)
    hours = np.zeros(back.shape, dtype=np.float32)
    latest_time = np.minimum(positions, len(history) - 1)
    if history.started_at_s is not None:
        ago_s = history.started_at_s[latest_time][:, None] - history.started_at_s[np.maximum(back, 0)]
        hours = np.where(known, np.maximum(ago_s, 0) / 3600, 0).astype(np.float32)
    states = np.full((len(positions), len(STATE_FEATURES)), np.nan, dtype=np.float32)
    if history.states is not None:
        states = history.states[latest_time]
    return Situation(
        history=listens,
        hours=hours,
        state=states,
        moment=moment_features(history, positions, paths.catalogue),
        record=_record(said, positions),
    )


def _record(said: NDArray[np.float32], positions: NDArray[np.int64]) -> NDArray[np.float32]:
    """(M, E): what each channel had said of the last plays when they came, the newest weighing most."""
    ago = positions[:, None] - np.arange(1, RECORD_LENGTH + 1)
    weights = np.where(ago >= 1, RECORD_DECAY ** np.arange(RECORD_LENGTH), 0)
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-9)
    record: NDArray[np.float32] = np.einsum("ml,mle->me", weights.astype(np.float32), said[np.maximum(ago, 0)])
    return record
