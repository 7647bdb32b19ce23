"""From scores with and without one device to a lower bound on what a release of Gaussian noise leaks (gate G0).

Letters: n trials of either kind.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri

THRESHOLDS = 201
"""Thresholds that are tried on the half that none is judged by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismBound:
    """mu_lower: the release is no (epsilon, delta) that Gaussian noise of a smaller mu gives, with confidence
    1 - `false_alarms`; threshold: scores above it were guessed to be with; both rates are upper bounds."""

    mu_lower: float
    threshold: float
    false_positive_rate: float
    false_negative_rate: float
    false_alarms: float


def bound_mechanism(
    *, without: NDArray[np.float64], with_device: NDArray[np.float64], false_alarms: float
) -> MechanismBound:
    """A threshold chosen on one half of the scores (n,), judged on the other.

    mu_lower = Phi^-1(1 - FPR) - Phi^-1(FNR), with Clopper and Pearson's upper bounds on both rates at false_alarms / 2
    each: where the true trade-off is that of a Gaussian of mu, it exceeds mu with a chance of at most `false_alarms`.
    Raises ValueError for scores that are not numbers or fewer than 4 of either kind.
    """
    if min(len(without), len(with_device)) < 4 or not (np.isfinite(without).all() and np.isfinite(with_device).all()):
        raise ValueError("mechanism bound: give at least 4 finite scores of either kind")
    learn_without, judge_without = without[::2], without[1::2]
    learn_with, judge_with = with_device[::2], with_device[1::2]
    together = np.concatenate([learn_without, learn_with])
    candidates = np.unique(np.quantile(together, np.linspace(0, 1, THRESHOLDS)))
    found = [_mu_lower(learn_without, learn_with, float(at), false_alarms)[0] for at in candidates]
    threshold = float(candidates[int(np.argmax(found))])
    mu, positives, negatives = _mu_lower(judge_without, judge_with, threshold, false_alarms)
    return MechanismBound(
        mu_lower=mu,
        threshold=threshold,
        false_positive_rate=positives,
        false_negative_rate=negatives,
        false_alarms=false_alarms,
    )


def clopper_pearson_upper(successes: int, trials: int, *, confidence: float) -> float:
    """The largest rate at which so few successes still have a chance of 1 - `confidence` (Clopper and Pearson 1934)."""
    if successes >= trials:
        return 1.0
    return float(betaincinv(successes + 1, trials - successes, confidence))


def _mu_lower(
    without: NDArray[np.float64], with_device: NDArray[np.float64], threshold: float, false_alarms: float
) -> tuple[float, float, float]:
    """The bound, and upper bounds on the rates of false positives and false negatives."""
    confidence = 1 - false_alarms / 2
    positives = clopper_pearson_upper(int((without > threshold).sum()), len(without), confidence=confidence)
    negatives = clopper_pearson_upper(int((with_device <= threshold).sum()), len(with_device), confidence=confidence)
    if 1.0 in (positives, negatives):
        return 0.0, positives, negatives
    return max(float(ndtri(1 - positives) - ndtri(negatives)), 0.0), positives, negatives
