"""Quality by mood as all devices report it together, from the noised sums of rounds. Nothing of it is of one device.

Letters: G groups.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared_model.privacy.plan import PrivacyPlan
from shared_model.secagg.encoding import QUALITY_GROUPS, SumEncoding

_TWO_SIDED_95 = 1.959963984540054


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
    """By group, with intervals of the noise alone. size: d; sums: of released rounds, (3 G,) each, as decoded."""
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
