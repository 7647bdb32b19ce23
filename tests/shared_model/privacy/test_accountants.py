import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import logsumexp
from scipy.stats import norm

from shared_model.errors import Refused
from shared_model.privacy.gaussian import device_epsilon, gaussian_epsilon, gaussian_true_positives
from shared_model.privacy.loss_distribution import pld_epsilon, pld_true_positives
from shared_model.privacy.renyi import rdp_epsilon, rdp_epsilon_of_fixed_cohorts
from shared_model.privacy.spent import Relation

# population, cohort, noise multiplier, rounds, delta, RDP, PLD at a grid of 1e-4 (made with dp-accounting 0.6.0)
AGREED = [
    (60_000, 256, 1.1, 14_062, 1e-5, 2.59656, 2.38169),
    (50_000, 500, 1.0, 1000, 1e-5, 2.10137, 1.82824),
    (100_000, 1000, 0.8, 500, 1e-6, 3.53023, 2.92515),
    (200, 20, 1.1, 50, 1e-3, 3.33935, 2.76163),
    (10_000, 10, 0.5, 1000, 1e-6, 5.32921, 4.23507),
]


@pytest.mark.parametrize(("population", "cohort", "noise", "rounds", "delta", "rdp", "pld"), AGREED)
def test_both_accountants_agree_with_the_reference_and_pld_is_the_tighter_line_4(
    population: int, cohort: int, noise: float, rounds: int, delta: float, rdp: float, pld: float
) -> None:
    arguments = {"sample_rate": cohort / population, "noise_multiplier": noise, "delta": delta}
    by_pld = pld_epsilon(rounds=rounds, **arguments)
    by_rdp = rdp_epsilon(rounds=rounds, **arguments)
    assert by_rdp == pytest.approx(rdp, rel=1e-3)
    assert pld * (1 - 1e-4) <= by_pld <= pld * (1 + 1e-3)
    assert by_pld < by_rdp


@pytest.mark.parametrize(("population", "cohort", "rdp"), [(1e5, 100, 0.884), (1e6, 1000, 1.095)])
def test_rdp_agrees_with_mcmahan_et_al_2018_table_1(population: float, cohort: int, rdp: float) -> None:
    epsilon = rdp_epsilon(sample_rate=cohort / population, noise_multiplier=1.0, rounds=10_000, delta=population**-1.1)
    assert epsilon == pytest.approx(rdp, abs=5e-4)


@pytest.mark.parametrize(("sample_rate", "noise"), [(0.01, 1.0), (0.3, 0.8), (0.9, 2.0)])
def test_one_poisson_step_is_the_exact_divergence_line_4(sample_rate: float, noise: float) -> None:
    def remove(epsilon: float) -> float:  # the mixture against N(0, z^2)
        def gap(x: float) -> float:
            plain, shifted = norm.pdf(x, scale=noise), norm.pdf(x, loc=1, scale=noise)
            return max((1 - sample_rate) * plain + sample_rate * shifted - math.exp(epsilon) * plain, 0.0)

        return quad(gap, -12 * noise, 1 + 12 * noise, limit=500, epsabs=1e-12)[0] - 1e-5

    exact = brentq(remove, 1e-3, 30)  # removing is the worse direction at one step
    epsilon = pld_epsilon(sample_rate=sample_rate, noise_multiplier=noise, rounds=1, delta=1e-5)
    assert exact * (1 - 1e-5) <= epsilon <= exact * (1 + 3e-3)
    if (sample_rate, noise) == (0.01, 1.0):
        assert epsilon == pytest.approx(0.19945, abs=5e-5)


@pytest.mark.parametrize(("sample_rate", "noise"), [(0.01, 1.0), (0.3, 2.0), (0.9, 3.0)])
def test_one_poisson_step_under_replace_one_is_the_exact_divergence_line_4(sample_rate: float, noise: float) -> None:
    def replace(epsilon: float) -> float:  # one's update against its opposite
        def gap(x: float) -> float:
            plain, there, here = (norm.pdf(x, loc=at, scale=noise) for at in (0, 1, -1))
            mixtures = ((1 - sample_rate) * plain + sample_rate * shifted for shifted in (there, here))
            one, other = mixtures
            return max(one - math.exp(epsilon) * other, 0.0)

        return quad(gap, -12 * noise, 1 + 12 * noise, limit=500, epsabs=1e-12)[0] - 1e-5

    exact = brentq(replace, 1e-3, 30)
    epsilon = pld_epsilon(
        sample_rate=sample_rate, noise_multiplier=noise, rounds=1, delta=1e-5, relation=Relation.REPLACE_ONE
    )
    assert exact * (1 - 1e-5) <= epsilon <= exact * (1 + 3e-3)


def test_replace_one_doubles_the_sensitivity_in_every_accountant_line_7() -> None:
    given: dict[str, Any] = {"sample_rate": 1.0, "rounds": 10, "delta": 1e-5}
    for accountant in (pld_epsilon, rdp_epsilon):
        twice = accountant(noise_multiplier=4.0, relation=Relation.REPLACE_ONE, **given)
        assert twice == pytest.approx(accountant(noise_multiplier=2.0, **given), rel=1e-9)
        assert accountant(noise_multiplier=4.0, relation=Relation.ZERO_OUT, **given) < twice
    fixed = rdp_epsilon_of_fixed_cohorts(noise_multiplier=4.0, **given)
    assert fixed == pytest.approx(rdp_epsilon(noise_multiplier=2.0, **given), rel=1e-9)


@pytest.mark.parametrize(("sample_rate", "noise", "rounds"), [(0.01, 2.0, 1), (0.02, 3.0, 500), (0.1, 6.0, 100)])
def test_fixed_cohorts_cost_at_least_what_their_worst_case_does_and_less_than_without_sampling_line_2(
    sample_rate: float, noise: float, rounds: int
) -> None:
    """Where all others' updates are zero, one that is replaced is seen as under Poisson sampling: a lower bound."""
    given: dict[str, Any] = {"noise_multiplier": noise, "rounds": rounds, "delta": 1e-6}
    fixed = rdp_epsilon_of_fixed_cohorts(sample_rate=sample_rate, **given)
    assert fixed >= pld_epsilon(sample_rate=sample_rate, relation=Relation.REPLACE_ONE, **given)
    assert fixed < pld_epsilon(sample_rate=1.0, relation=Relation.REPLACE_ONE, **given)


def test_no_rdp_is_made_up_for_poisson_sampling_under_replace_one_line_4() -> None:
    with pytest.raises(ValueError, match="no RDP"):
        rdp_epsilon(sample_rate=0.1, noise_multiplier=1.0, rounds=1, delta=1e-5, relation=Relation.REPLACE_ONE)


@pytest.mark.parametrize("rounds", [1, 100, 10_000])
@pytest.mark.parametrize("delta", [1e-4, 1e-9])
def test_never_below_the_closed_form_and_hardly_above_line_4(rounds: int, delta: float) -> None:
    # a rate just under one takes the grid's path, where the closed form of full participation is still the answer
    exact = gaussian_epsilon(delta, mu=1.0)
    epsilon = pld_epsilon(sample_rate=1 - 1e-9, noise_multiplier=math.sqrt(rounds), rounds=rounds, delta=delta)
    assert exact * (1 - 1e-6) <= epsilon <= exact * (1 + 3e-3)


def test_full_participation_is_the_closed_form() -> None:
    epsilon = pld_epsilon(sample_rate=1.0, noise_multiplier=1.0, rounds=10, delta=1e-4)
    assert epsilon == device_epsilon(10, noise_multiplier=1.0, delta=1e-4)
    assert epsilon < rdp_epsilon(sample_rate=1.0, noise_multiplier=1.0, rounds=10, delta=1e-4)


def exact_rdp_epsilon(sample_rate: float, noise: float, rounds: int, delta: float) -> float:
    """Oracle: the definition by quadrature at every order, where dp-accounting sums a series."""
    epsilons = []
    for order in np.arange(1.5, 30, 0.1):
        x = np.arange(-14 * noise, order + 14 * noise, noise / 16)
        log_ratio = np.logaddexp(np.log1p(-sample_rate), np.log(sample_rate) + (2 * x - 1) / (2 * noise**2))
        log_moment = logsumexp(norm.logpdf(x / noise) + order * log_ratio) - math.log(16)
        divergence = rounds * log_moment / (order - 1)
        epsilons.append(divergence + math.log1p(-1 / order) - math.log(delta * order) / (order - 1))
    return min(epsilons)


@pytest.mark.parametrize(("population", "cohort", "noise", "rounds", "delta", "rdp", "pld"), AGREED)
def test_rdp_is_a_bound_and_a_close_one(
    population: int, cohort: int, noise: float, rounds: int, delta: float, rdp: float, pld: float
) -> None:
    exact = exact_rdp_epsilon(cohort / population, noise, rounds, delta)
    epsilon = rdp_epsilon(sample_rate=cohort / population, noise_multiplier=noise, rounds=rounds, delta=delta)
    assert exact * (1 - 1e-6) <= epsilon <= exact * (1 + 1e-3)


def accounted(sample_rates: st.SearchStrategy[float]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "sample_rate": sample_rates,
            "noise_multiplier": st.floats(0.5, 6.0),
            "rounds": st.integers(1, 2000),
            "delta": st.floats(1e-8, 1e-3),
        }
    )


def require_that_worse_is_never_cheaper(
    accountant: Callable[..., float], before: dict[str, Any], *, change: float
) -> None:
    epsilon = cost(accountant, before)
    assume(math.isfinite(epsilon))
    for name, value in {
        "sample_rate": min(before["sample_rate"] * change, 1.0),
        "noise_multiplier": before["noise_multiplier"] / change,
        "rounds": math.ceil(before["rounds"] * change),
        "delta": before["delta"] / change,
    }.items():
        assert cost(accountant, {**before, name: value}) >= epsilon * (1 - 1e-6), name


def cost(accountant: Callable[..., float], plan: dict[str, Any]) -> float:
    """Epsilon, infinite where the accountant refuses to name one."""
    try:
        return accountant(**plan)
    except Refused:
        return math.inf


@settings(max_examples=8, deadline=None)
@given(before=accounted(st.floats(0.005, 0.9)), change=st.floats(1.0001, 3.0))
def test_less_noise_more_rounds_larger_q_smaller_delta_never_lower_epsilon_line_5(
    before: dict[str, Any], change: float
) -> None:
    require_that_worse_is_never_cheaper(pld_epsilon, before, change=change)


@settings(max_examples=8, deadline=None)
@given(before=accounted(st.floats(0.0005, 0.01)), change=st.floats(1.0001, 3.0))
def test_the_cross_check_never_falls_either_where_all_its_orders_exist_line_5(
    before: dict[str, Any], change: float
) -> None:
    require_that_worse_is_never_cheaper(rdp_epsilon, before, change=change)


@pytest.mark.parametrize("mu", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("false_positives", [0.001, 0.01, 0.2])
def test_the_trade_off_of_the_grid_is_the_closed_form_and_never_below(mu: float, false_positives: float) -> None:
    exact = gaussian_true_positives(false_positives, mu=mu)
    found = pld_true_positives(false_positives, sample_rate=1 - 1e-9, noise_multiplier=10 / mu, rounds=100)
    assert exact * (1 - 1e-6) <= found <= exact * (1 + 3e-3)


def test_the_trade_off_lies_just_below_what_single_epsilons_and_deltas_allow() -> None:
    plan = {"sample_rate": 0.01, "noise_multiplier": 0.8, "rounds": 500}
    allowed = min(math.exp(pld_epsilon(delta=delta, **plan)) * 0.01 + delta for delta in (3e-3, 0.01, 0.02, 0.03))
    found = pld_true_positives(0.01, **plan)
    assert allowed * 0.95 < found <= allowed


def test_an_attacker_who_is_blind_to_cohorts_finds_no_more_than_one_who_sees_them() -> None:
    blind = pld_true_positives(0.01, sample_rate=0.2, noise_multiplier=1.0, rounds=40)
    assert 0.01 < blind < pld_true_positives(0.01, sample_rate=1.0, noise_multiplier=1.0, rounds=40)
    assert pld_true_positives(0.01, sample_rate=0.2, noise_multiplier=1.0, rounds=0) == 0.01


def test_no_rounds_cost_nothing() -> None:
    for accountant in (pld_epsilon, rdp_epsilon):
        assert accountant(sample_rate=0.1, noise_multiplier=1.0, rounds=0, delta=1e-5) == 0


def test_what_does_not_converge_is_refused_not_guessed_line_6() -> None:
    with pytest.raises(Refused, match="does not converge"):
        pld_epsilon(sample_rate=0.01, noise_multiplier=1.0, rounds=100_000, delta=1e-12)


def test_no_warning_about_left_out_orders_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    rdp_epsilon(sample_rate=0.1234, noise_multiplier=1.1, rounds=50, delta=1e-3)
    assert "Excluding" not in caplog.text


def test_accounting_imports_neither_torch_nor_the_accountants() -> None:
    code = (
        "import sys, shared_model.privacy.coverage, shared_model.privacy.plan; "
        "print(sorted({'torch', 'dp_accounting', 'flwr'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
