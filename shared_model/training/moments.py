"""Moments of one listener as the head reads them, whoever asks: training, evaluation, or a recommendation now.

Letters as in `shared_model.head.batch`; M moments of one listener, T plays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from shared_model.head.batch import HISTORY_LENGTH, Batch
from shared_model.head.moment import moment_features
from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.history import History, Tracks
from shared_model.memory.channels import CHANNELS
from shared_model.memory.evidence import Evidence
from shared_model.memory.memory_paths import MemoryPaths

NUMBERS_AT_ONCE = 2_000_000
"""Tracks, or plays, times moments whose dense evidence is in memory at once: some 10 MB a channel."""
RECORD_LENGTH = 10
RECORD_DECAY = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Moments before the plays at `positions` (M,), with the tracks that memory retrieves.

    candidates: (M, C); fields: those of a `Batch` that do not depend on candidates, by name.
    """

    positions: NDArray[np.int64]
    candidates: NDArray[np.int64]
    evidence: Evidence
    fields: dict[str, NDArray[np.generic]]

    def batch(self, candidates: NDArray[np.int64]) -> Batch:
        """The moments with those candidates (M, ·)."""
        fields = {name: torch.from_numpy(field) for name, field in self.fields.items()}
        evidence = torch.from_numpy(self.evidence.read(candidates).astype(np.float16))
        return Batch(candidates=torch.from_numpy(candidates), evidence=evidence, **fields)


def read_moments(
    history: History, positions: NDArray[np.int64], *, paths: MemoryPaths, counted: Tracks, shortlist: int
) -> Iterator[Moments]:
    """The moments at `positions`, ascending, distinct, each from 1 to T, some at a time.

    counted: the plays of this listener that the statistics of `paths` hold; they are taken out.
    """
    if not len(positions):
        return
    around = paths.around(history.tracks, counted=counted)
    ago = positions[:, None] - np.arange(RECORD_LENGTH + 1)
    visited = np.unique(ago[(ago >= 1) & (ago < len(history))])  # before the first play memory says nothing
    visited = np.union1d(visited, positions)
    said = np.zeros((len(history) + 1, len(CHANNELS)), np.float32)  # of the play that came, by its position
    at_once = max(NUMBERS_AT_ONCE // max(len(paths.catalogue), len(history)), 1)
    for start in range(0, len(visited), at_once):
        some = visited[start : start + at_once]
        evidence = paths.evidence(around, history.tracks, some)
        came = history.tracks[np.minimum(some, len(history) - 1)]
        said[some] = evidence.read(came[:, None])[:, :, 0]
        wanted = np.isin(some, positions)
        if wanted.any():
            asked, evidence = some[wanted], evidence.rows(np.flatnonzero(wanted))
            yield Moments(
                positions=asked,
                candidates=paths.retrieval.shortlist(evidence, shortlist),
                evidence=evidence,
                fields=_fields(history, asked, paths) | {"record": _record(said, asked)},
            )


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches one after the other."""
    return Batch(*(torch.cat(fields) for fields in zip(*batches, strict=True)))


def _record(said: NDArray[np.float32], positions: NDArray[np.int64]) -> NDArray[np.float32]:
    """(M, E): what each channel had said of the last plays when they came, the newest weighing most."""
    ago = positions[:, None] - np.arange(1, RECORD_LENGTH + 1)
    weights = np.where(ago >= 1, RECORD_DECAY ** np.arange(RECORD_LENGTH), 0)
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-9)
    record: NDArray[np.float32] = np.einsum("ml,mle->me", weights.astype(np.float32), said[np.maximum(ago, 0)])
    return record


def _fields(history: History, positions: NDArray[np.int64], paths: MemoryPaths) -> dict[str, NDArray[np.generic]]:
    """All of a `Batch` but record, candidates and evidence."""
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
    moment = moment_features(history, positions, paths.catalogue)
    return {"history": listens, "hours": hours, "state": states, "moment": moment}
