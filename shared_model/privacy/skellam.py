"""Epsilon of Skellam noise that devices add in shares, by Renyi divergences: integers, so that no Gaussian covers it.

A sum of Skellam shares is Skellam noise again, whatever their number, which sums of discrete Gaussians are not. In
integer units let m be its variance, D2 and D1 the L2 and L1 norms by which one device moves the sum, z = sqrt(m) / D2.
For whole orders a >= 2 (Agarwal, Kairouz and Liu 2021, arXiv 2110.04995, corollary 3.6)

    R(a) <= a D2^2 / (2 m) + min(((2 a - 1) D2^2 + 6 D1) / (4 m^2), 3 D1 / (2 m)).

Every sum here is scaled so that D2 >= `LEAST_SENSITIVITY` and D2 >= `LEAST_TO_ROOT_SIZE` sqrt(D) for D numbers, so that
D1 <= sqrt(D) D2 <= D2^2 / 8 (`shared_model.secagg.encoding` sees to it). With both put in, the bound falls in D2 and is
taken at the least: it depends on z alone, a device can count it from its ledger, and it is at most 0.1 % above the
Gaussian's a / (2 z^2) from z = 0.25 on. It is never below that, so that Gaussian rounds may be counted by it too.

The sampler is exact but for a total variation of at most `MOST_SAMPLER_ERROR` a release, e. It turns (epsilon, delta)
into (epsilon, delta + e (1 + exp(epsilon))), which is taken off delta beforehand.
"""

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from shared_model.privacy.gaussian import sensitivity
from shared_model.privacy.spent import Relation

LEAST_SENSITIVITY = 128.0
LEAST_TO_ROOT_SIZE = 8.0
MOST_SAMPLER_ERROR = 2.0**-80

_EVERY = np.arange(2, 1025)
"""Orders that a sampled release is made of; of the larger ones only some are orders of the answer."""
_ORDERS = np.concatenate([np.arange(2, 129), np.arange(136, 257, 8), np.arange(288, 1025, 32)])

Vector = NDArray[np.float64]


def renyi(orders: NDArray[np.int64], *, noise_multiplier: float, relation: Relation) -> Vector:
    """R(a) of one release at whole `orders` a >= 2, not sampled. noise_multiplier: z, of counted noise over D2."""
    moved = sensitivity(relation)
    leading = orders * moved**2 / (2 * noise_multiplier**2)
    l1 = moved / LEAST_TO_ROOT_SIZE  # over D2^2
    second = ((2 * orders - 1) * moved**2 + 6 * l1) / (4 * noise_multiplier**4 * LEAST_SENSITIVITY**2)
    return np.asarray(leading + np.minimum(second, 3 * l1 / (2 * noise_multiplier**2)))


@lru_cache(maxsize=64)
def sampled_renyi(*, sample_rate: float, noise_multiplier: float) -> Vector:
    """R(a) of one Poisson-sampled release at all of `_ORDERS`, under add-or-remove-one.

    With chance q the sum moves: P' = (1 - q) Q + q P. At whole orders the divergence of P' from Q is the binomial sum
    over that of P from Q (Mironov, Talwar and Zhang 2019, arXiv 1908.10530, section 3.3). That of Q from P' is never
    larger, as in their theorem 5: symmetric noise has a reflection v with P(x) = Q(v x); so x and v x together give
    g(r)^a + r g(1/r)^a against g(r)^(1-a) + r g(1/r)^(1-a), r = P/Q, g(r) = 1 - q + q r. For a = 1 they are equal, and
    since g(r) g(1/r) >= 1 their difference grows with a.
    """
    exponent = (_EVERY - 1) * renyi(_EVERY, noise_multiplier=noise_multiplier, relation=Relation.ADD_OR_REMOVE_ONE)
    inner = exponent + np.log(-np.expm1(-exponent))  # log(exp(exponent) - 1)
    found = []
    for order in _ORDERS:
        k = _EVERY[: order - 1]
        choose = gammaln(order + 1) - gammaln(k + 1) - gammaln(order - k + 1)
        terms = choose + (order - k) * math.log1p(-sample_rate) + k * math.log(sample_rate) + inner[: order - 1]
        # the binomial weights add up to 1, so that the sum is 1 + the sum of weights * (exp(...) - 1)
        found.append(np.logaddexp(0.0, np.logaddexp.reduce(terms)) / (order - 1))
    return np.array(found)


def skellam_epsilon(rounds: Mapping[float, int], *, relation: Relation, delta: float) -> float:
    """Un-amplified, after so many releases at each noise multiplier above 0: what a device or the server counts.

    Infinite where the sampler's error would be more than half of `delta`: from about 40 on, where nothing is promised.
    """
    total = sum(
        (count * renyi(_ORDERS, noise_multiplier=z, relation=relation) for z, count in sorted(rounds.items())),
        np.zeros(len(_ORDERS)),
    )
    return _epsilon(total, releases=sum(rounds.values()), delta=delta)


def sampled_skellam_epsilon(*, sample_rate: float, noise_multiplier: float, rounds: int, delta: float) -> float:
    """After `rounds` Poisson-sampled releases, add-or-remove-one; infinite as `skellam_epsilon`."""
    if sample_rate == 1:
        return skellam_epsilon({noise_multiplier: rounds}, relation=Relation.ADD_OR_REMOVE_ONE, delta=delta)
    one = sampled_renyi(sample_rate=sample_rate, noise_multiplier=noise_multiplier)
    return _epsilon(rounds * one, releases=rounds, delta=delta)


def _epsilon(divergences: Vector, *, releases: int, delta: float) -> float:
    if releases == 0:
        return 0.0
    at_most = _converted(divergences, delta / 2)
    error = releases * MOST_SAMPLER_ERROR * (1 + math.exp(min(at_most, 700.0)))
    return _converted(divergences, delta - error) if error <= delta / 2 else math.inf


def _converted(divergences: Vector, delta: float) -> float:
    """Canonne, Kamath and Steinke 2020, proposition 12 (arXiv 2004.00010)."""
    found = divergences + np.log1p(-1 / _ORDERS) - (math.log(delta) + np.log(_ORDERS)) / (_ORDERS - 1)
    return float(max(0.0, found.min()))
