"""How well a head foresees held-out plays, by full ranking; the evidence is gathered once for all rounds.

Letters: T targets, B of a batch, N tracks, d released numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call

from shared_model.catalogue import Catalogue
from shared_model.head.batch import Batch, HeadOutput
from shared_model.head.memory_paths import MemoryEvidence, PublicStatistics, memory_evidence
from shared_model.history import History
from shared_model.ranking_metrics import ranks
from shared_model.training.examples import NUMBERS_AT_ONCE, moments
from shared_model.training.local_update import Model
from simulations.evaluation.full_ranking import BATCH_SIZE, TOP, FullRanking, top
from simulations.evaluation.held_out import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutMoments:
    """The moments of T targets, in order of listeners.

    batch: (T, ...) without candidates and evidence; evidence: (T, N);
    listener: (T,) int64 index of whose play it is; played: (T,) int64 the track that came.
    """

    batch: Batch
    evidence: MemoryEvidence
    listener: NDArray[np.int64]
    played: NDArray[np.int64]

    def batches(self, targets: range) -> Iterator[slice]:
        """A contiguous range of targets in batches whose dense evidence stays in memory."""
        at_once = min(max(NUMBERS_AT_ONCE // len(self.evidence.popularity), 1), BATCH_SIZE)
        for start in range(targets.start, targets.stop, at_once):
            yield slice(start, min(start + at_once, targets.stop))

    def rows(self, rows: slice) -> Batch:
        """Those moments as the head reads them, over the whole catalogue."""
        return Batch(
            history=self.batch.history[rows],
            hours=self.batch.hours[rows],
            state=self.batch.state[rows],
            moment=self.batch.moment[rows],
            candidates=None,
            evidence=torch.from_numpy(self.evidence.dense(rows)),
        )


def held_out_moments(
    histories: Sequence[History], targets: Sequence[Target], *, statistics: PublicStatistics, catalogue: Catalogue
) -> HeldOutMoments:
    """Everything that is frozen about the targets. The context of each is all true plays before it."""
    parts = []
    for target in targets:
        parts.append(moments(histories[target.listener], np.array([target.position]), catalogue))
    contexts = [histories[target.listener].tracks[: target.position] for target in targets]
    fields = {name: torch.from_numpy(np.concatenate([part[name] for part in parts])) for name in parts[0]}
    return HeldOutMoments(
        batch=Batch(candidates=None, evidence=torch.empty(0), **fields),
        evidence=memory_evidence(contexts, statistics, catalogue),
        listener=np.array([target.listener for target in targets]),
        played=np.array([histories[target.listener].tracks[target.position] for target in targets]),
    )


def rank(model: Model, vector: Tensor, held_out: HeldOutMoments, *, targets: range | None = None) -> FullRanking:
    """Rank the targets, all or those of a contiguous range, with the released parameters `vector` (d,)."""
    targets = range(len(held_out.played)) if targets is None else targets
    parts = []
    for rows in held_out.batches(targets):
        scores = output(model, vector, held_out.rows(rows)).logits.numpy()
        parts.append(FullRanking(ranks=ranks(scores, held_out.played[rows]), top20=top(scores, TOP)))
    return joined(parts)


def joined(parts: Sequence[FullRanking]) -> FullRanking:
    """Rankings of consecutive targets as one."""
    return FullRanking(
        ranks=np.concatenate([part.ranks for part in parts]), top20=np.concatenate([part.top20 for part in parts])
    )


def output(model: Model, vector: Tensor, batch: Batch) -> HeadOutput:
    """What the head says with the released parameters `vector` (d,)."""
    with torch.no_grad():
        said: HeadOutput = functional_call(model.head, model.layout.tensors(vector), (batch, model.tables))
    return said
