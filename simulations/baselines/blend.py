"""Bigram, item kNN and personal counts added up: the strongest baseline without training on real logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from shared_model.history import History, Tracks
from shared_model.ranking_metrics import RankingMetrics, ranks
from simulations.baselines.bigram import Bigram
from simulations.baselines.item_knn import ItemKNN
from simulations.baselines.personal_popularity import PersonalPopularity
from simulations.evaluation.full_ranking import context_batches
from simulations.evaluation.held_out import Target

ITEM_KNN_WEIGHTS = (0.02, 0.1, 0.3)
PERSONAL_WEIGHTS = (0.0, 0.002, 0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """The bigram's distribution, plus kNN and the logarithm of personal counts by weight."""

    bigram: Bigram
    item_knn: ItemKNN
    personal_popularity: PersonalPopularity
    item_knn_weight: float
    personal_weight: float

    def score(self, contexts: Sequence[Tracks]) -> NDArray[np.float32]:
        """(B, N): bigram, divided by its sum, + weight * kNN, divided by its maximum, + weight * log(1 + plays)."""
        bigram, item_knn, personal = _parts(self.bigram, self.item_knn, self.personal_popularity, contexts)
        return _sum(bigram, item_knn, personal, weights=(self.item_knn_weight, self.personal_weight))


def choose_blend(
    bigram: Bigram,
    item_knn: ItemKNN,
    personal_popularity: PersonalPopularity,
    *,
    histories: Sequence[History],
    targets: Sequence[Target],
) -> Blend:
    """The blend with the highest HR@10 + MRR@20 on `targets`, which none of the three may have been fitted on."""
    grid = list(product(ITEM_KNN_WEIGHTS, PERSONAL_WEIGHTS))
    ranks_by_weights: list[list[NDArray[np.float64]]] = [[] for _ in grid]
    for contexts, played in context_batches(histories, targets):
        parts = _parts(bigram, item_knn, personal_popularity, contexts)
        for found, weights in zip(ranks_by_weights, grid, strict=True):
            found.append(ranks(_sum(*parts, weights=weights), played))
    quality = [_quality(np.concatenate(found)) for found in ranks_by_weights]
    item_knn_weight, personal_weight = grid[int(np.argmax(quality))]
    return Blend(
        bigram=bigram,
        item_knn=item_knn,
        personal_popularity=personal_popularity,
        item_knn_weight=item_knn_weight,
        personal_weight=personal_weight,
    )


def _parts(
    bigram: Bigram, item_knn: ItemKNN, personal_popularity: PersonalPopularity, contexts: Sequence[Tracks]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    follows, near, played = (scorer.score(contexts) for scorer in (bigram, item_knn, personal_popularity))
    follows /= follows.sum(axis=1, keepdims=True)
    near /= near.max(axis=1, keepdims=True)
    return follows, near, np.log1p(played, out=played)


def _sum(
    bigram: NDArray[np.float32],
    item_knn: NDArray[np.float32],
    personal: NDArray[np.float32],
    *,
    weights: tuple[float, float],
) -> NDArray[np.float32]:
    item_knn_weight, personal_weight = weights
    scores: NDArray[np.float32] = bigram + np.float32(item_knn_weight) * item_knn
    scores += np.float32(personal_weight) * personal
    return scores


def _quality(rank: NDArray[np.float64]) -> float:
    metrics = RankingMetrics.from_ranks(rank)
    return metrics.hr_at_10 + metrics.mrr_at_20
