"""The metrics of one recommender on the held-out plays, with intervals by listener, as result.json holds them.

Letters: T targets, N tracks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from shared_model.ranking_metrics import discounted_gain, hit, reciprocal_rank
from simulations.evaluation.bootstrap import interval
from simulations.evaluation.exposure import catalogue_coverage, popularity_percentile, recommendation_gini
from simulations.evaluation.full_ranking import FullRanking

Metrics = dict[str, float | None]

GAINS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "hr_at_10": partial(hit, cutoff=10),
    "hr_at_20": partial(hit, cutoff=20),
    "ndcg_at_10": partial(discounted_gain, cutoff=10),
    "mrr_at_20": partial(reciprocal_rank, cutoff=20),
}
NEW_GAINS = {f"new_{name}": GAINS[name] for name in ("hr_at_10", "mrr_at_20")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """What all recommenders of a run are measured against.

    listener: (T,) whose play each target is; new: (T,) bool, whether that listener had not played the track before;
    play_counts: (N,) plays before the targets, by which popularity bias is told; resamples: of each bootstrap.
    """

    listener: NDArray[np.int64]
    new: NDArray[np.bool_]
    play_counts: NDArray[np.float32]
    resamples: int

    def measure(self, ranking: FullRanking) -> Metrics:
        """Every metric of result.json; those of new targets are None where there is none."""
        metrics: Metrics = {}
        for name, gain in GAINS.items():
            metrics |= self._with_interval(name, gain(ranking.ranks), self.listener)
        for name, gain in NEW_GAINS.items():
            metrics |= self._with_interval(name, gain(ranking.ranks[self.new]), self.listener[self.new])
        return metrics | {
            "coverage_at_20": catalogue_coverage(ranking.top20, len(self.play_counts)),
            "popularity_percentile": popularity_percentile(ranking.top20[:, :10], self.play_counts),
            "gini": recommendation_gini(ranking.top20[:, :10], len(self.play_counts)),
        }

    def glance(self, ranking: FullRanking) -> Metrics:
        """The three numbers of a point of the curve, without intervals."""
        new = ranking.ranks[self.new]
        return {
            "hr_at_10": float(hit(ranking.ranks, 10).mean()),
            "mrr_at_20": float(reciprocal_rank(ranking.ranks, 20).mean()),
            "new_hr_at_10": float(hit(new, 10).mean()) if len(new) else None,
        }

    def gain_over(self, ranking: FullRanking, other: FullRanking) -> tuple[float, float, float]:
        """By how much `ranking` beats `other` in HR@10, target by target: (mean, low, high)."""
        difference = hit(ranking.ranks, 10) - hit(other.ranks, 10)
        return float(difference.mean()), *interval(difference, self.listener, resamples=self.resamples, seed=0)

    def _with_interval(self, name: str, gains: NDArray[np.float64], listener: NDArray[np.int64]) -> Metrics:
        if not len(gains):
            return {name: None, f"{name}_low": None, f"{name}_high": None}
        low, high = interval(gains, listener, resamples=self.resamples, seed=0)
        return {name: float(gains.mean()), f"{name}_low": low, f"{name}_high": high}
