"""Exact composition of Gaussian releases, without amplification by sampling.

n releases with noise multiplier z are one Gaussian release with mu = sqrt(n) / z (Dong, Roth and Su 2022, "Gaussian
differential privacy", corollary 3.3), under add-or-remove-one and zero-out; under replace-one mu is twice that.
Nothing here is the central-limit approximation, which under-reports.
"""

import math
from functools import lru_cache

from scipy.optimize import brentq
from scipy.special import erfc, erfcx, ndtr, ndtri

from shared_model.privacy.spent import Relation


def sensitivity(relation: Relation) -> float:
    """By how many clip norms a sum of clipped updates changes between neighbours."""
    return 2.0 if relation is Relation.REPLACE_ONE else 1.0


def composed_mu(noise_multiplier: float, *, releases: int, relation: Relation = Relation.ADD_OR_REMOVE_ONE) -> float:
    """The mu of `releases` Gaussian releases at `noise_multiplier` > 0, standard deviation over clip norm."""
    return sensitivity(relation) * math.sqrt(releases) / noise_multiplier


def gaussian_delta(epsilon: float, *, mu: float) -> float:
    """The smallest delta at `epsilon` >= 0: Phi(-epsilon/mu + mu/2) - exp(epsilon) Phi(-epsilon/mu - mu/2).

    Balle and Wang 2018, theorem 8, in scaled complementary error functions: the two terms share the factor exp(-u^2),
    so that the difference keeps its digits where both are tiny.
    """
    if mu == 0:
        return 0.0
    u = (epsilon / mu - mu / 2) / math.sqrt(2)
    v = (epsilon / mu + mu / 2) / math.sqrt(2)
    if u >= 0:
        return float(0.5 * math.exp(-u * u) * (erfcx(u) - erfcx(v)))
    return float(0.5 * (erfc(u) - math.exp(-u * u) * erfcx(v)))


def gaussian_epsilon(delta: float, *, mu: float) -> float:
    """The smallest epsilon >= 0 at 0 < `delta` < 1, to 1e-12 relative."""
    if gaussian_delta(0.0, mu=mu) <= delta:
        return 0.0
    # Phi(-t) <= exp(-t^2 / 2) bounds the root from above
    upper = mu * mu / 2 + mu * math.sqrt(2 * math.log(1 / delta))

    def excess(epsilon: float) -> float:
        return math.log(max(gaussian_delta(epsilon, mu=mu), 5e-324)) - math.log(delta)

    return float(brentq(excess, 0.0, upper, xtol=1e-300, rtol=1e-12, maxiter=1000))


def gaussian_mu(*, epsilon: float, delta: float) -> float:
    """The largest mu that keeps (`epsilon`, `delta`), both above 0 and delta below 1: the analytic Gaussian mechanism.

    Balle and Wang 2018, algorithm 1. Never above the exact value, and at most 1e-9 relative below it.
    """
    upper = 1.0
    while gaussian_delta(epsilon, mu=upper) <= delta:
        upper *= 2
    lower = 0.0
    while upper - lower > 1e-9 * upper:
        middle = (lower + upper) / 2
        lower, upper = (middle, upper) if gaussian_delta(epsilon, mu=middle) <= delta else (lower, middle)
    return lower


@lru_cache(maxsize=1024)
def device_epsilon(
    participations: int, *, noise_multiplier: float, delta: float, relation: Relation = Relation.ZERO_OUT
) -> float:
    """What a device that took part `participations` times has spent by its own count: never amplified by sampling.

    With central trust the noise multiplier is the server's word, and whoever prints the number says so.
    """
    return gaussian_epsilon(delta, mu=composed_mu(noise_multiplier, releases=participations, relation=relation))


def gaussian_true_positives(false_positives: float, *, mu: float) -> float:
    """The most an attacker finds at a rate of `false_positives` false alarms: Phi(Phi^-1(alpha) + mu)."""
    return float(ndtr(ndtri(false_positives) + mu))
