"""The metrics of one recommender on the held-out plays, with intervals by listener, as result.json holds them.

Letters: T targets, N tracks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from shared_model.ranking_metrics import discounted_gain, hit, reciprocal_rank
from simulations.evaluation.bootstrap import interval
from simulations.evaluation.exposure import catalogue_coverage, popularity_percentile, recommendation_gini
from simulations.evaluation.full_ranking import FullRanking

Metrics = dict[str, float | None]

EVERY = slice(None)
"""All targets, where a group of them is asked for."""

Gain = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""What each of some ranks (T,) is worth, (T,)."""

GAINS: dict[str, Gain] = {
    "hr_at_10": partial(hit, cutoff=10),
    "hr_at_20": partial(hit, cutoff=20),
    "ndcg_at_10": partial(discounted_gain, cutoff=10),
    "mrr_at_20": partial(reciprocal_rank, cutoff=20),
}
NEW_GAINS = {f"new_{name}": GAINS[name] for name in ("hr_at_10", "mrr_at_20")}


def mean_gain(gain: Gain, rankings: Sequence[FullRanking]) -> NDArray[np.float64]:
    """Each target's gain, (T,), averaged over rankings of the same targets."""
    mean: NDArray[np.float64] = np.mean([gain(ranking.ranks) for ranking in rankings], axis=0)
    return mean


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

    def measure(self, *rankings: FullRanking) -> Metrics:
        """Every metric of result.json; those of new targets are None where there is none.

        Of several rankings, as of a training for each seed, each target's gains are averaged before anything else.
        """
        metrics: Metrics = {}
        for name, gain in GAINS.items():
            metrics |= self._with_interval(name, mean_gain(gain, rankings), self.listener)
        for name, gain in NEW_GAINS.items():
            metrics |= self._with_interval(name, mean_gain(gain, rankings)[self.new], self.listener[self.new])
        tops, size = [ranking.top20 for ranking in rankings], len(self.play_counts)
        return metrics | {
            "coverage_at_20": float(np.mean([catalogue_coverage(top, size) for top in tops])),
            "popularity_percentile": float(
                np.mean([popularity_percentile(top[:, :10], self.play_counts) for top in tops])
            ),
            "gini": float(np.mean([recommendation_gini(top[:, :10], size) for top in tops])),
        }

    def glance(self, ranking: FullRanking) -> Metrics:
        """The three numbers of a point of the curve, without intervals."""
        new = ranking.ranks[self.new]
        return {
            "hr_at_10": float(hit(ranking.ranks, 10).mean()),
            "mrr_at_20": float(reciprocal_rank(ranking.ranks, 20).mean()),
            "new_hr_at_10": float(hit(new, 10).mean()) if len(new) else None,
        }

    def gain_over(self, *rankings: FullRanking, other: FullRanking) -> tuple[float, float, float]:
        """By how much the mean of `rankings` beats `other` in HR@10, target by target: (mean, low, high)."""
        difference = mean_gain(GAINS["hr_at_10"], rankings) - hit(other.ranks, 10)
        return float(difference.mean()), *interval(difference, self.listener, resamples=self.resamples, seed=0)

    def part(self, members: NDArray[np.bool_]) -> "Yardstick":
        """What some of the targets, (T,) bool, are measured against."""
        return replace(self, listener=self.listener[members], new=self.new[members])

    def among(self, members: NDArray[np.bool_] | slice, *rankings: FullRanking) -> Metrics:
        """HR@10 and MRR@20 of a group of targets, (T,) bool or `EVERY`, with intervals; None where it is empty."""
        metrics: Metrics = {}
        for name in ("hr_at_10", "mrr_at_20"):
            gains = mean_gain(GAINS[name], rankings)[members]
            metrics |= self._with_interval(name, gains, self.listener[members])
        return metrics

    def _with_interval(self, name: str, gains: NDArray[np.float64], listener: NDArray[np.int64]) -> Metrics:
        if not len(gains):
            return {name: None, f"{name}_low": None, f"{name}_high": None}
        low, high = interval(gains, listener, resamples=self.resamples, seed=0)
        return {name: float(gains.mean()), f"{name}_low": low, f"{name}_high": high}
