"""How an instrument makes one number of its answers."""

from collections.abc import Sequence
from enum import StrEnum


class Scoring(StrEnum):
    """EACH: every item stands for itself, and there is no score."""

    SUM = "sum"
    SUM_TIMES_4 = "sum_times_4"  # WHO-5: 0..25 shown as 0..100
    MEAN = "mean"
    EACH = "each"


def combine(scoring: Scoring, values: Sequence[float]) -> float | None:
    """The score of `values`, one for each item; None where there is none."""
    match scoring:
        case Scoring.SUM:
            return float(sum(values))
        case Scoring.SUM_TIMES_4:
            return 4.0 * sum(values)
        case Scoring.MEAN:
            return sum(values) / len(values)
        case Scoring.EACH:
            return None
