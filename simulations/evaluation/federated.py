"""Quality by mood as devices report it: inside the noised vector of a round, in the same budget, nothing per device.

A device says of the model that it received, for each mood group: which share of its held-out plays is in it, and the
mean over all of them of hits and of NDCG at 10 within it. Groups are disjoint and their bounds public.
Letters: T targets, U devices, G groups.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.privacy.plan import PrivacyPlan
from shared_model.ranking_metrics import discounted_gain, hit
from shared_model.secagg.encoding import QUALITY_GROUPS, SumEncoding

CUTOFF = 10
_TWO_SIDED_95 = 1.959963984540054


def disjoint_moods(state: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(T, G) which group of `QUALITY_GROUPS` each moment is in. state: (T, S), NaN where unanswered."""
    valence = state[:, STATE_FEATURES.index("valence")]
    unanswered = np.isnan(valence)
    return np.stack([~unanswered & (valence < 0), ~unanswered & (valence >= 0), unanswered], axis=1)


def quality_rows(
    ranks: NDArray[np.float64], *, moods: NDArray[np.bool_], listener: NDArray[np.int64], devices: int
) -> NDArray[np.float64]:
    """(U, 3 G) what each device would say: shares, hits, gains, G each. ranks, listener: (T,), of its own targets.

    Guarantee: each row has a norm of at most 1: with shares a_g that add up to 1, hits and gains are at most a_g each,
    and the whole is divided by sqrt(3). A device without targets says zeros.
    """
    said = np.zeros((3, devices, moods.shape[1]))
    for part, worth in enumerate((np.ones(len(ranks)), hit(ranks, CUTOFF), discounted_gain(ranks, CUTOFF))):
        np.add.at(said[part], listener, moods * worth[:, None])
    own = np.maximum(np.bincount(listener, minlength=devices), 1)
    rows: NDArray[np.float64] = np.concatenate(list(said / own[:, None]), axis=1) / math.sqrt(3)
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisedMean:
    """A mean over a group with its interval for the noise at 95 %; None where the noise leaves nothing to say."""

    value: float | None
    low: float | None
    high: float | None


def noised_ratio(above: float, below: float, *, deviation: float) -> NoisedMean:
    """above / below, both with independent noise of this deviation, kept within 0 and 1: Fieller's interval."""
    q = (_TWO_SIDED_95 * deviation) ** 2
    if below <= 0 or below**2 <= q:
        return NoisedMean(value=None, low=None, high=None)
    root = math.sqrt(max((above * below) ** 2 - (below**2 - q) * (above**2 - q), 0.0))
    low, high = ((above * below + sign * root) / (below**2 - q) for sign in (-1, 1))
    value, low, high = (min(max(each, 0.0), 1.0) for each in (above / below, low, high))
    return NoisedMean(value=value, low=low, high=high)


def federated_evaluation(plan: PrivacyPlan, *, size: int, sums: list[tuple[float, ...]]) -> dict[str, Any]:
    """The block of result.json. size: d; sums: of rounds that were released, (3 G,) each, as decoded."""
    total = np.array(sums).sum(0).reshape(3, len(QUALITY_GROUPS)) if sums else np.zeros((3, len(QUALITY_GROUPS)))
    encoding = SumEncoding.of(plan, size=size)
    deviation = encoding.noise_standard_deviation / plan.quality_norm * math.sqrt(max(len(sums), 1))
    blocks = []
    for place, group in enumerate(QUALITY_GROUPS):
        hr, ndcg = (noised_ratio(total[part, place], total[0, place], deviation=deviation) for part in (1, 2))
        blocks.append(
            {
                "group": group,
                "hr_at_10": hr.value, "hr_at_10_low": hr.low, "hr_at_10_high": hr.high,
                "ndcg_at_10": ndcg.value, "ndcg_at_10_low": ndcg.low, "ndcg_at_10_high": ndcg.high,
            }
        )  # fmt: skip
    return {"rounds": len(sums), "groups": blocks}
