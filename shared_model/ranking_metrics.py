"""How high the track that was played ranks among all tracks: full ranking, no sampled negatives.

Sampled metrics can order two models the wrong way round (Krichene and Rendle, KDD 2020), so there are none here.
Letters: B targets, N tracks of the catalogue.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput


def ranks(scores: NDArray[np.floating], targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """The rank of each row's target, 1 for the best.

    scores: (B, N), higher is better, infinities allowed; targets: (B,) catalogue indices. Returns (B,).
    A tie counts half: rank = 1 + greater + (equal - 1) / 2, hence constant scores rank every track in the middle.

    Raises:
        BadInput: a score is NaN, which compares with nothing and would rank its target first.
    """
    not_a_number = np.flatnonzero(np.isnan(scores.max(axis=1)))  # max hands NaN on, and needs no (B, N) temporary
    if not_a_number.size:
        raise BadInput(
            f"ranking: row {not_a_number[0]} of {len(scores)} holds a NaN score; mend the model that gave it"
        )
    own = np.take_along_axis(scores, targets[:, None], axis=1)
    greater: NDArray[np.int64] = np.count_nonzero(scores > own, axis=1)
    equal: NDArray[np.int64] = np.count_nonzero(scores == own, axis=1)
    return 1 + greater + (equal - 1) / 2


def hit(rank: NDArray[np.float64], cutoff: int) -> NDArray[np.float64]:
    """1 for each target within the first `cutoff` ranks, else 0, (B,)."""
    return (rank <= cutoff).astype(np.float64)


def discounted_gain(rank: NDArray[np.float64], cutoff: int) -> NDArray[np.float64]:
    """NDCG of each target, (B,): with a single relevant track the ideal gain is 1, hence 1 / log2(rank + 1)."""
    return np.where(rank <= cutoff, 1 / np.log2(rank + 1), 0.0)


def reciprocal_rank(rank: NDArray[np.float64], cutoff: int) -> NDArray[np.float64]:
    """1 / rank of each target within the first `cutoff` ranks, else 0, (B,)."""
    return np.where(rank <= cutoff, 1 / rank, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingMetrics:
    """Means over targets, each in 0..1."""

    hr_at_10: float
    hr_at_20: float
    ndcg_at_10: float
    mrr_at_20: float

    @classmethod
    def from_ranks(cls, rank: NDArray[np.float64]) -> "RankingMetrics":
        """The metrics of the targets that have these ranks, (B,).

        Raises:
            BadInput: there is no target, so that there is no mean.
        """
        if not len(rank):
            raise BadInput("ranking metrics: no target to average over; give listeners with more plays")
        return cls(
            hr_at_10=float(hit(rank, 10).mean()),
            hr_at_20=float(hit(rank, 20).mean()),
            ndcg_at_10=float(discounted_gain(rank, 10).mean()),
            mrr_at_20=float(reciprocal_rank(rank, 20).mean()),
        )
