import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from shared_model.privacy.gaussian import (
    composed_mu,
    device_epsilon,
    gaussian_delta,
    gaussian_epsilon,
    gaussian_true_positives,
)


@pytest.mark.parametrize(
    ("participations", "noise_multiplier", "delta", "epsilon"),
    [(10, 1.0, 1e-4, 16.10308), (1, 1.0, 1e-5, 4.37718), (5, 0.8, 1e-6, 16.6107)],
)
def test_a_device_counts_its_own_un_amplified_epsilon_line_7(
    participations: int, noise_multiplier: float, delta: float, epsilon: float
) -> None:
    assert device_epsilon(participations, noise_multiplier=noise_multiplier, delta=delta) == pytest.approx(
        epsilon, abs=5e-5
    )


@pytest.mark.parametrize(("epsilon", "mu"), [(0.0, 0.3), (0.5, 1.0), (3.0, 1.0), (4.0, 3.0), (20.0, 5.0)])
def test_delta_is_the_integral_of_the_positive_part_of_the_density_gap(epsilon: float, mu: float) -> None:
    # hockey-stick divergence of N(mu, 1) from N(0, 1): the densities cross at x = epsilon / mu + mu / 2
    crossing = epsilon / mu + mu / 2
    slow, _ = quad(lambda x: norm.pdf(x - mu) - math.exp(epsilon) * norm.pdf(x), crossing, crossing + 40, epsabs=0)
    assert gaussian_delta(epsilon, mu=mu) == pytest.approx(slow, rel=1e-6)


@settings(deadline=None)
@given(mu=st.floats(1e-3, 1e4), delta=st.floats(1e-12, 0.1))
def test_epsilon_and_delta_are_inverse(mu: float, delta: float) -> None:
    epsilon = gaussian_epsilon(delta, mu=mu)
    if epsilon == 0:
        assert gaussian_delta(0.0, mu=mu) <= delta
    else:
        assert gaussian_delta(epsilon, mu=mu) == pytest.approx(delta, rel=1e-4)


def test_nothing_released_costs_nothing() -> None:
    assert device_epsilon(0, noise_multiplier=1.0, delta=1e-6) == 0


@settings(deadline=None)
@given(st.integers(1, 10_000), st.floats(0.1, 100.0))
def test_releases_compose_in_the_sum_of_inverse_squares(releases: int, noise_multiplier: float) -> None:
    assert composed_mu(noise_multiplier, releases=releases) ** 2 == pytest.approx(releases * noise_multiplier**-2)


def test_the_trade_off_is_the_power_of_the_best_test_between_two_normals() -> None:
    # the most powerful test at 1 % false alarms, by counting: threshold at the 99 % quantile of N(0, 1)
    draws = np.random.default_rng(0).standard_normal(400_000)
    power = (draws + 1.5 > np.quantile(draws, 0.99)).mean()
    assert gaussian_true_positives(0.01, mu=1.5) == pytest.approx(power, abs=0.005)
    assert gaussian_true_positives(0.01, mu=0.0) == pytest.approx(0.01)
