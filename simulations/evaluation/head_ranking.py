"""How well a head foresees held-out plays, by full ranking; the evidence is gathered once for all rounds.

Memory retrieves a shortlist, the head orders it; every other track of the catalogue comes after it, all alike.
Letters: T targets, B of a batch, C tracks of a shortlist, N tracks, d released numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.func import functional_call

from shared_model.head.batch import Batch, HeadOutput
from shared_model.history import History, Tracks
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.moments import read_moments
from shared_model.memory.shortlist import SHORTLIST
from shared_model.ranking_metrics import ranks
from shared_model.training.local_update import Model
from shared_model.training.moments import batch_of
from shared_model.training.moments import joined as joined_batches
from simulations.evaluation.full_ranking import TOP, FullRanking, top
from simulations.evaluation.held_out import Target

MOMENTS_AT_ONCE = 32
"""The hidden layer of so many moments, 512 candidates each, stays in the processor's cache: 128 take twice the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutMoments:
    """The moments of T targets, in order of listeners.

    batch: (T, ...) with C candidates each; listener: (T,) int64 index of whose play it is; played: (T,) int64 the
    track that came; tracks: N.
    """

    batch: Batch
    listener: NDArray[np.int64]
    played: NDArray[np.int64]
    tracks: int

    def batches(self, targets: range) -> Iterator[slice]:
        """A contiguous range of targets in slices."""
        for start in range(targets.start, targets.stop, MOMENTS_AT_ONCE):
            yield slice(start, min(start + MOMENTS_AT_ONCE, targets.stop))

    def rows(self, rows: slice) -> Batch:
        """Those moments."""
        return Batch(*(field[rows] for field in self.batch))


def held_out_moments(
    histories: Sequence[History], targets: Sequence[Target], *, paths: MemoryPaths, counted: Sequence[Tracks]
) -> HeldOutMoments:
    """Everything that is frozen about `targets`, which are in order. The context of each is all true plays before it.

    counted: of each history, the plays that the statistics of `paths` hold.
    """
    listener = np.array([target.listener for target in targets])
    position = np.array([target.position for target in targets])
    batches = []
    for place in np.unique(listener):
        at = position[listener == place]
        size = min(SHORTLIST, len(paths.catalogue))
        for some in read_moments(histories[place], at, paths=paths, counted=counted[place], shortlist=size):
            batches.append(batch_of(some, some.candidates))
    return HeldOutMoments(
        batch=joined_batches(batches),
        listener=listener,
        played=np.array([histories[target.listener].tracks[target.position] for target in targets]),
        tracks=len(paths.catalogue),
    )


def rank(model: Model, vector: torch.Tensor, held_out: HeldOutMoments, *, targets: range | None = None) -> FullRanking:
    """Rank the targets, all or those of a contiguous range, with the released parameters `vector` (d,)."""
    targets = range(len(held_out.played)) if targets is None else targets
    parts = []
    for rows in held_out.batches(targets):
        scores = output(model, vector, held_out.rows(rows)).logits.numpy()
        candidates, played = held_out.batch.candidates[rows].numpy(), held_out.played[rows]
        parts.append(_among_all(scores, candidates, played, tracks=held_out.tracks))
    return joined(parts)


def joined(parts: Sequence[FullRanking]) -> FullRanking:
    """Rankings of consecutive targets as one."""
    return FullRanking(
        ranks=np.concatenate([part.ranks for part in parts]), top20=np.concatenate([part.top20 for part in parts])
    )


def output(model: Model, vector: torch.Tensor, batch: Batch) -> HeadOutput:
    """What the head says with the released parameters `vector` (d,)."""
    with torch.no_grad():
        said: HeadOutput = functional_call(model.head, model.layout.tensors(vector), (batch, model.tables))
    return said


def _among_all(
    scores: NDArray[np.float32], candidates: NDArray[np.int64], played: NDArray[np.int64], *, tracks: int
) -> FullRanking:
    """Ranks among all tracks from scores (B, C): tracks that were not retrieved share the places after the others."""
    listed = candidates.shape[1]
    hit = candidates == played[:, None]
    beyond = (listed + 1 + tracks) / 2
    among = ranks(scores, hit.argmax(1))
    return FullRanking(
        ranks=np.where(hit.any(1), among, beyond), top20=np.take_along_axis(candidates, top(scores, TOP), axis=1)
    )
