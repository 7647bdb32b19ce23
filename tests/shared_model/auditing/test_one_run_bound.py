"""Golden values: printed by jax-privacy 2.0.0, `auditing._epsilon_one_run` and `_epsilon_one_run_fdp`."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from shared_model.auditing.one_run_bound import TradeOff, is_refuted, most_refuted, steinke_epsilon, steinke_p_value
from shared_model.privacy.gaussian import gaussian_epsilon

# canaries, guesses, right, delta, Steinke et al.'s epsilon, Mahloujifar et al.'s for Gaussian noise; at 5 %
AGREED = [
    (1000, 200, 150, 1e-5, 0.8199728373996844, 1.2969160950579595),
    (1000, 1000, 640, 1e-5, 0.4649612167313361, 0.889884199108858),
    (1000, 100, 100, 1e-5, 3.465376229385333, 5.5490279999429415),
    (500, 100, 90, 1e-3, 1.1927324915568271, 1.8772944519636636),
]


def gaussian(mu: float) -> TradeOff:
    return lambda share: float(ndtr(ndtri(share) - mu))


@pytest.mark.parametrize(("canaries", "guesses", "right", "delta", "steinke", "fdp"), AGREED)
def test_both_tests_agree_with_jax_privacy(
    canaries: int, guesses: int, right: int, delta: float, steinke: float, fdp: float
) -> None:
    given = {"canaries": canaries, "guesses": guesses, "right": right}
    assert steinke_epsilon(**given, delta=delta, false_alarms=0.05) == pytest.approx(steinke, rel=1e-5)
    mus = np.linspace(1e-3, 3, 30_000)
    place = most_refuted(lambda at: gaussian(mus[at]), claims=len(mus), **given, false_alarms=0.05)
    assert place is not None
    assert gaussian_epsilon(delta, mu=mus[place]) == pytest.approx(fdp, rel=1e-3)


def test_200_right_guesses_never_show_more_than_4_19() -> None:
    found = steinke_epsilon(canaries=10_000, guesses=200, right=200, delta=0.0, false_alarms=0.05)
    chance = 0.05 ** (1 / 200)
    assert found == pytest.approx(math.log(chance / (1 - chance)), rel=1e-6)
    assert found == pytest.approx(4.19, abs=0.01)


def test_without_delta_it_is_the_tail_of_a_binomial() -> None:
    given = {"canaries": 100, "guesses": 20, "right": 15}
    tail = sum(binom.pmf(right, 20, math.e / (1 + math.e)) for right in range(15, 21))
    assert steinke_p_value(**given, epsilon=1.0, delta=0.0) == pytest.approx(tail, rel=1e-9)
    assert steinke_p_value(**given, epsilon=1.0, delta=1e-3) > tail


@pytest.mark.parametrize("test", ["steinke", "trade-off"])
def test_guesses_at_random_refute_nothing(test: str) -> None:
    """Of runs that leak nothing, at most 5 % are said to leak: 400 of them, each with guesses by coin."""
    draw, alarms = np.random.default_rng(3), 0
    for right in draw.binomial(100, 0.5, size=400):
        given = {"canaries": 100, "guesses": 100, "right": int(right), "false_alarms": 0.05}
        leaks: Callable[[], bool] = {
            "steinke": lambda given=given: steinke_epsilon(**given, delta=1e-5) > 0,
            "trade-off": lambda given=given: is_refuted(gaussian(1e-6), **given),
        }[test]
        alarms += leaks()
    assert alarms <= 0.05 * 400 + 3 * math.sqrt(0.05 * 0.95 * 400)


def test_more_right_guesses_never_refute_less() -> None:
    places = [
        most_refuted(
            lambda at: gaussian(0.02 * (at + 1)), claims=200, canaries=300, guesses=60, right=right, false_alarms=0.05
        )
        for right in range(30, 61, 5)
    ]
    known = [-1 if place is None else place for place in places]
    assert known == sorted(known)
    assert known[0] == -1 < known[-1]
