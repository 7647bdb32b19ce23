import itertools
import math

import numpy as np
import pytest
from dp_accounting.rdp.rdp_privacy_accountant import compute_epsilon
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve
from scipy.special import ive, logsumexp

from shared_model.privacy import skellam as code
from shared_model.privacy.gaussian import device_epsilon
from shared_model.privacy.renyi import rdp_epsilon
from shared_model.privacy.skellam import (
    LEAST_SENSITIVITY,
    LEAST_TO_ROOT_SIZE,
    MOST_SAMPLER_ERROR,
    renyi,
    sampled_renyi,
    sampled_skellam_epsilon,
    skellam_epsilon,
)
from shared_model.privacy.spent import Relation

ZERO_OUT, EITHER_WAY = Relation.ZERO_OUT, Relation.ADD_OR_REMOVE_ONE
ORDERS = np.array([2, 3, 5, 8, 16, 32])


def log_pmf(variance: float, places: np.ndarray) -> np.ndarray:
    found = ive(np.abs(places), variance)
    return np.log(found, out=np.full(len(places), -np.inf), where=found > 1e-280)  # below, digits are lost


def divergence(order: int, variance: float, shift: int) -> float:
    """Oracle: R(a) of one number of Skellam noise that is moved by `shift`, summed over its probabilities."""
    places = np.arange(-int(14 * math.sqrt(variance)) - 30 * order, int(14 * math.sqrt(variance)) + 30 * order)
    p, q = log_pmf(variance, places - shift), log_pmf(variance, places)
    there = np.isfinite(p) & np.isfinite(q)
    return float(logsumexp(order * p[there] + (1 - order) * q[there]) / (order - 1))


def paper_bound(order: int, variance: float, l1: float, l2: float) -> float:
    """Corollary 3.6 of arXiv 2110.04995, written out again."""
    second = min(((2 * order - 1) * l2**2 + 6 * l1) / (4 * variance**2), 3 * l1 / (2 * variance))
    return order * l2**2 / (2 * variance) + second


@pytest.mark.parametrize(("variance", "shift"), list(itertools.product([4.0, 25.0, 400.0], [1, 2, 5])))
def test_line_16_the_papers_bound_holds_by_exact_sums(variance: float, shift: int) -> None:
    for order in (2, 3, 5, 8):
        exact = divergence(order, variance, shift)
        assert 0 < exact <= paper_bound(order, variance, shift, shift)


@pytest.mark.parametrize("z", [0.5, 1.0, 3.0])
def test_line_16_what_is_counted_is_above_the_exact_divergence_of_the_worst_sums(z: float) -> None:
    """The L2 norm in one number, and spread over as many as the accountant's conditions allow: D2 = 128 over 256."""
    variance = (z * LEAST_SENSITIVITY) ** 2
    counted = renyi(ORDERS, noise_multiplier=z, relation=ZERO_OUT)
    for order, bound in zip(ORDERS, counted, strict=True):
        assert 256 * divergence(int(order), variance, 8) <= bound
        assert 64 * divergence(int(order), variance, 16) <= bound
        assert divergence(int(order), variance, 128) <= bound


@settings(deadline=None)
@given(z=st.floats(0.05, 20), root=st.floats(1, 1e4), size=st.integers(1, 2**20), order=st.integers(2, 500))
def test_line_16_the_bound_at_the_least_sensitivity_is_the_papers_at_every_larger_one(
    z: float, root: float, size: int, order: int
) -> None:
    l2 = max(root * LEAST_SENSITIVITY, LEAST_TO_ROOT_SIZE * math.sqrt(size))
    l1 = math.sqrt(size) * l2
    for moved, relation in ((1.0, ZERO_OUT), (2.0, Relation.REPLACE_ONE)):
        bound = float(renyi(np.array([order]), noise_multiplier=z, relation=relation)[0])
        assert paper_bound(order, (z * l2) ** 2, moved * l1, moved * l2) <= bound * (1 + 1e-12)
        assert order * moved**2 / (2 * z**2) <= bound  # Gaussian noise is covered too


@pytest.mark.parametrize("z", [0.1, 0.5, 2.0])
@pytest.mark.parametrize(("moved", "relation"), [(1, ZERO_OUT), (2, Relation.REPLACE_ONE)])
def test_line_16_at_the_least_sensitivity_the_bound_is_the_papers(z: float, moved: int, relation: Relation) -> None:
    """D2 = 128 and D1 = sqrt(256) D2: no term of it may be smaller."""
    for order, bound in zip(ORDERS, renyi(ORDERS, noise_multiplier=z, relation=relation), strict=True):
        expected = paper_bound(int(order), (z * 128) ** 2, moved * 16 * 128, moved * 128)
        assert bound == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("z", "rounds"), [(40.0, 1), (4.0, 1), (4.0, 12), (2.0, 3)])
def test_line_16_the_error_of_every_release_is_taken_off_delta(
    z: float, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen with a sampler that is much worse: (epsilon, delta') of exact noise, delta' = delta - rounds e (1 + exp)."""
    monkeypatch.setattr(code, "MOST_SAMPLER_ERROR", 1e-7)
    epsilon, delta = skellam_epsilon({z: rounds}, relation=ZERO_OUT, delta=1e-4), 1e-4
    left = delta - rounds * 1e-7 * (1 + math.exp(epsilon))
    assert delta / 2 < left < delta
    orders = code._ORDERS.astype(float)
    exact = rounds * renyi(code._ORDERS, noise_multiplier=z, relation=ZERO_OUT)
    exact += np.log((orders - 1) / orders) - np.log(left * orders) / (orders - 1)
    assert max(0.0, exact.min()) <= epsilon
    assert epsilon < 1.05 * max(0.0, exact.min()) + 1e-12


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.7])
@pytest.mark.parametrize("variance", [1.0, 4.0])
def test_a_sampled_release_is_bounded_in_both_directions_by_exact_sums(
    rate: float, variance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The binomial sum over exact divergences, against the mixture itself and with the two exchanged."""
    every, shift = np.arange(2, 33), 1
    exact = np.array([divergence(int(order), variance, shift) for order in every])
    monkeypatch.setattr(code, "_EVERY", every)
    monkeypatch.setattr(code, "_ORDERS", ORDERS)
    monkeypatch.setattr(code, "renyi", lambda orders, **_: exact[orders - 2])
    counted = sampled_renyi.__wrapped__(sample_rate=rate, noise_multiplier=1.0)
    places = np.arange(-250, 250)
    q = log_pmf(variance, places)
    p = log_pmf(variance, places - shift)
    mixed = np.logaddexp(math.log(rate) + p, math.log1p(-rate) + q)
    there = np.isfinite(q) & np.isfinite(mixed)
    for order, bound in zip(ORDERS, counted, strict=True):
        forth = logsumexp(order * mixed[there] + (1 - order) * q[there]) / (order - 1)
        back = logsumexp(order * q[there] + (1 - order) * mixed[there]) / (order - 1)
        assert bound == pytest.approx(forth, rel=1e-6)
        assert back <= forth * (1 + 1e-9)


@pytest.mark.parametrize(
    ("population", "cohort", "z", "rounds", "delta"),
    [(50_000, 500, 1.0, 1000, 1e-5), (10**5, 1000, 0.8, 500, 1e-6), (200, 20, 1.1, 50, 1e-3)],
)
def test_it_is_little_above_the_gaussians_rdp_and_never_below(
    population: int, cohort: int, z: float, rounds: int, delta: float
) -> None:
    ours = sampled_skellam_epsilon(sample_rate=cohort / population, noise_multiplier=z, rounds=rounds, delta=delta)
    gaussian = rdp_epsilon(sample_rate=cohort / population, noise_multiplier=z, rounds=rounds, delta=delta)
    assert gaussian < ours < 1.02 * gaussian


@settings(deadline=None, max_examples=30)
@given(z=st.floats(0.4, 10), rounds=st.integers(1, 40), delta=st.floats(1e-10, 1e-2))
def test_the_conversion_is_dp_accountings_with_the_samplers_error_taken_off_delta(
    z: float, rounds: int, delta: float
) -> None:
    found = skellam_epsilon({z: rounds}, relation=ZERO_OUT, delta=delta)
    if not math.isfinite(found):
        return
    divergences = rounds * renyi(code._ORDERS, noise_multiplier=z, relation=ZERO_OUT)
    theirs, _ = compute_epsilon(code._ORDERS, divergences, delta)
    assert theirs <= found * (1 + 1e-12)
    assert found == pytest.approx(theirs, rel=1e-2)
    assert found >= device_epsilon(rounds, noise_multiplier=z, delta=delta)  # exact for Gaussian noise
    assert rounds * MOST_SAMPLER_ERROR * (1 + math.exp(found)) <= delta / 2


def mass(variance: float, shift: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of one number of noise, as it is and moved by `shift`, where either has digits."""
    edge = int(16 * math.sqrt(variance)) + shift + 60
    places = np.arange(-edge, edge + 1)
    still, moved = ive(np.abs(places), variance), ive(np.abs(places - shift), variance)
    there = (still > 1e-280) & (moved > 1e-280)
    return still[there], moved[there]


def least_delta(epsilon: float, *, one: np.ndarray, other: np.ndarray, rounds: int) -> float:
    """Oracle: from below, the hockey-stick divergence of `one` from `other` after so many rounds; losses are rounded
    down, and added up by convolution."""
    losses, step = np.log(one) - np.log(other), 1e-4 * max(1.0, epsilon)
    least = math.floor(losses.min() / step)
    each = np.bincount(np.floor(losses / step).astype(int) - least, weights=one)
    total = each
    for _ in range(rounds - 1):
        total = np.maximum(fftconvolve(total, each), 0)
    added = (np.arange(len(total)) + rounds * least) * step
    return float((total * np.maximum(0.0, -np.expm1(np.minimum(epsilon - added, 0.0)))).sum())


@pytest.mark.parametrize(("relation", "shift"), [(ZERO_OUT, 128), (Relation.REPLACE_ONE, 256)])
@pytest.mark.parametrize(("z", "rounds"), [(0.7, 1), (1.0, 4), (2.0, 10), (4.0, 10)])
def test_line_16_the_exact_delta_of_what_is_promised_is_within_it(
    z: float, rounds: int, relation: Relation, shift: int
) -> None:
    """The whole sensitivity in one number, and the least that a sum may have; at half of epsilon it is not."""
    epsilon = skellam_epsilon({z: rounds}, relation=relation, delta=1e-5)
    if not math.isfinite(epsilon):
        return
    still, moved = mass((z * LEAST_SENSITIVITY) ** 2, shift)
    assert least_delta(epsilon, one=still, other=moved, rounds=rounds) <= 1e-5
    assert least_delta(epsilon / 2, one=still, other=moved, rounds=rounds) > 1e-5


@pytest.mark.parametrize(("z", "rate", "rounds"), [(0.7, 0.3, 2), (1.0, 0.1, 10), (2.0, 0.5, 10)])
def test_line_16_the_exact_delta_of_sampled_rounds_is_within_the_promise_in_both_directions(
    z: float, rate: float, rounds: int
) -> None:
    epsilon = sampled_skellam_epsilon(sample_rate=rate, noise_multiplier=z, rounds=rounds, delta=1e-5)
    still, moved = mass((z * LEAST_SENSITIVITY) ** 2, 128)
    mixed = (1 - rate) * still + rate * moved
    forth = least_delta(epsilon, one=mixed, other=still, rounds=rounds)
    assert max(forth, least_delta(epsilon, one=still, other=mixed, rounds=rounds)) <= 1e-5
    assert least_delta(epsilon / 2, one=mixed, other=still, rounds=rounds) > 1e-5


def test_line_6_beyond_what_the_sampler_can_prove_nothing_is_promised() -> None:
    assert skellam_epsilon({0.2: 10}, relation=ZERO_OUT, delta=1e-6) == math.inf
    assert skellam_epsilon({}, relation=ZERO_OUT, delta=1e-6) == 0


@settings(deadline=None, max_examples=40)
@given(z=st.floats(0.5, 8), rounds=st.integers(1, 60), delta=st.floats(1e-9, 1e-3), worse=st.floats(1.001, 2))
def test_line_5_what_a_device_counts_never_falls(z: float, rounds: int, delta: float, worse: float) -> None:
    cost = skellam_epsilon({z: rounds}, relation=ZERO_OUT, delta=delta)
    assert skellam_epsilon({z / worse: rounds}, relation=ZERO_OUT, delta=delta) >= cost
    assert skellam_epsilon({z: rounds + 1}, relation=ZERO_OUT, delta=delta) >= cost
    assert skellam_epsilon({z: rounds}, relation=ZERO_OUT, delta=delta / worse) >= cost
    assert skellam_epsilon({z: rounds}, relation=Relation.REPLACE_ONE, delta=delta) >= cost
    assert skellam_epsilon({z: rounds, 2 * z: 1}, relation=ZERO_OUT, delta=delta) >= cost


def test_shares_of_discrete_gaussians_are_useless_below_a_deviation_of_one_and_skellams_are_not() -> None:
    """Kairouz, Liu and Steinke 2021, theorem 1: tau = 10 sum_k exp(-2 pi^2 s^2 k / (k + 1)), and D tau / 2 is added."""

    def tau(share: float, shares: int) -> float:
        return 10 * sum(math.exp(-2 * math.pi**2 * share**2 * k / (k + 1)) for k in range(1, shares))

    assert tau(0.5, 100) * 10_000 / 2 > 1e3  # squared epsilon of zCDP: no promise
    assert tau(3.0, 100) * 10_000 / 2 < 1e-30
    # an exact sum of two narrow discrete Gaussians is far from one of twice the variance
    places = np.arange(-60, 61)

    def discrete_gaussian(variance: float) -> np.ndarray:
        weights = np.exp(-(places**2) / (2 * variance))
        return weights / weights.sum()

    def apart(one: float) -> float:
        whole = np.convolve(discrete_gaussian(one), discrete_gaussian(one), mode="same")
        return float(np.abs(whole - discrete_gaussian(2 * one)).sum() / 2)

    assert apart(0.1) > 1e-3
    assert apart(9.0) < 1e-12


def test_seeded_bug_a_forgotten_l1_term_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "LEAST_TO_ROOT_SIZE", 1e9)
    with pytest.raises(AssertionError):
        test_line_16_the_bound_at_the_least_sensitivity_is_the_papers_at_every_larger_one()


def test_add_or_remove_costs_what_zero_out_costs() -> None:
    costs = [skellam_epsilon({1.0: 5}, relation=relation, delta=1e-5) for relation in (ZERO_OUT, EITHER_WAY)]
    assert costs[0] == costs[1]
