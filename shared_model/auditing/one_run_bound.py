"""From right and wrong guesses in one run to a lower bound on its epsilon (gate G1), by two published tests.

m canaries were each included by a fair coin; r of them are guessed, the others left alone, and v guesses are right.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import binom

TradeOff = Callable[[float], float]
"""Of a claim: the smallest rate of false positives at which an attacker may find a share x of what is there."""
_TOLERANCE = 1e-6
_LARGEST = 1e3


def steinke_p_value(*, canaries: int, guesses: int, right: int, epsilon: float, delta: float) -> float:
    """The chance of so many right guesses, at most, where the run is (epsilon, delta) private for one canary.

    Steinke, Nasr and Jagielski 2023 (arXiv 2305.08846), theorem 5.2: right guesses are dominated by a binomial of
    chance e^epsilon / (1 + e^epsilon); delta adds what m canaries could fail by together.
    """
    chance = float(expit(epsilon))
    at_least = float(binom.sf(right - 1, guesses, chance))
    if delta == 0 or right == 0:
        return at_least
    fewer = np.arange(1, right + 1)
    slack = (binom.sf(right - fewer - 1, guesses, chance) - at_least) / fewer
    return min(at_least + 2 * canaries * delta * max(float(slack.max()), 0.0), 1.0)


def steinke_epsilon(*, canaries: int, guesses: int, right: int, delta: float, false_alarms: float) -> float:
    """The largest epsilon that so many right guesses refute, 0 where they refute none.

    With r guesses, all right, it can never exceed log(c / (1 - c)), c = false_alarms^(1/r): 4.19 for 200 at 5 %.
    """

    def refuted(epsilon: float) -> float:
        p_value = steinke_p_value(canaries=canaries, guesses=guesses, right=right, epsilon=epsilon, delta=delta)
        return false_alarms - p_value

    return _largest(refuted)


def is_refuted(trade_off: TradeOff, *, canaries: int, guesses: int, right: int, false_alarms: float) -> bool:
    """Whether so many right guesses refute a claimed trade-off.

    Mahloujifar, Melis and Chaudhuri 2024 (arXiv 2410.22235), algorithm 3: h and r bound, from the top down, the
    chances of wrong and of right guesses that a run within the trade-off can have; where even `false_alarms` of so
    many right guesses asks for more, the claim is false.
    """
    bound_right = false_alarms * right / canaries
    bound_wrong = false_alarms * (guesses - right) / canaries
    for count in range(right - 1, -1, -1):
        wrong = max(bound_wrong, trade_off(bound_right))
        if wrong == bound_wrong:
            break  # nothing changes any more
        bound_right = min(bound_right + count / (guesses - count) * (wrong - bound_wrong), 1.0)
        bound_wrong = wrong
    return bound_right + bound_wrong > guesses / canaries


def most_refuted(
    claim_at: Callable[[int], TradeOff], *, claims: int, canaries: int, guesses: int, right: int, false_alarms: float
) -> int | None:
    """Place of the last of ever weaker claims 0..`claims`-1 that so many right guesses refute, None for none."""
    refuted, stands = -1, claims
    while stands - refuted > 1:
        middle = (refuted + stands) // 2
        given = {"canaries": canaries, "guesses": guesses, "right": right}
        if is_refuted(claim_at(middle), **given, false_alarms=false_alarms):
            refuted = middle
        else:
            stands = middle
    return None if refuted < 0 else refuted


def _largest(refuted: Callable[[float], float]) -> float:
    """The largest argument, above 0, at which `refuted`, which falls, is above 0."""
    if refuted(_TOLERANCE) <= 0:
        return 0.0
    upper = 1.0
    while refuted(upper) > 0:
        upper *= 2
        if upper > _LARGEST:
            return math.inf
    return float(brentq(refuted, _TOLERANCE, upper, xtol=_TOLERANCE))
