"""Every target ranked among every track of the catalogue, in batches that fit in memory.

Letters: T targets, B targets of a batch, N tracks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared_model.history import History, Tracks
from shared_model.ranking_metrics import ranks
from simulations.evaluation.held_out import Target

TOP = 20
BATCH_SIZE = 128
"""Targets scored at once: 20 MB of scores for a catalogue of 40,000 tracks."""


class Scorer(Protocol):
    """Whatever scores every track as the next one."""

    def score(self, contexts: Sequence[Tracks]) -> NDArray[np.float32]:
        """contexts: B histories, oldest play first, possibly empty. Returns (B, N), higher is likelier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FullRanking:
    """ranks: (T,) rank of each target, ties at half; top20: (T, min(20, N)) catalogue indices, best first."""

    ranks: NDArray[np.float64]
    top20: NDArray[np.int64]


def evaluate(scorer: Scorer, histories: Sequence[History], targets: Sequence[Target]) -> FullRanking:
    """Rank each of `targets` (at least one) given all the listener's plays before it.

    Raises:
        BadInput: the scorer gave a NaN.
    """
    batches = []
    for contexts, played in context_batches(histories, targets):
        scores = scorer.score(contexts)
        batches.append((ranks(scores, played), top(scores, TOP)))
    return FullRanking(
        ranks=np.concatenate([batch[0] for batch in batches]), top20=np.concatenate([batch[1] for batch in batches])
    )


def context_batches(
    histories: Sequence[History], targets: Sequence[Target]
) -> Iterator[tuple[list[Tracks], NDArray[np.int64]]]:
    """The contexts of up to `BATCH_SIZE` targets, and the tracks that were played after them, (B,)."""
    for start in range(0, len(targets), BATCH_SIZE):
        batch = targets[start : start + BATCH_SIZE]
        contexts = [histories[target.listener].tracks[: target.position] for target in batch]
        played = [histories[target.listener].tracks[target.position] for target in batch]
        yield contexts, np.array(played, dtype=np.int64)


def top(scores: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """The `count` best columns of each row of `scores` (B, N), best first, ties by the lower index.

    Returns (B, min(count, N)). Scores hold no NaN.
    """
    count = min(count, scores.shape[1])
    # the smallest score that is in; argpartition would break ties differently from one processor to the next
    threshold = -np.partition(-scores, count - 1, axis=1)[:, count - 1]
    best = np.empty((len(scores), count), dtype=np.int64)
    for row, (values, least) in enumerate(zip(scores, threshold, strict=True)):
        candidates = np.flatnonzero(values >= least)
        best[row] = candidates[np.argsort(-values[candidates], kind="stable")[:count]]
    return best
