import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from shared_model.errors import BadInput
from shared_model.privacy.gaussian import composed_mu, gaussian_delta
from shared_model.privacy.spent import Trust, Unit
from shared_model.private_transitions.transition_plan import TransitionPlan, plan_transitions

DELTA = 1e-5


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0, 8.0])
def test_the_plan_keeps_epsilon_at_its_whole_delta_by_the_closed_form(epsilon: float) -> None:
    plan = plan_transitions(population=5_000, pairs=40, epsilon=epsilon, delta=DELTA)
    spent = plan.spent(rounds=1)
    assert spent.delta == pytest.approx(DELTA, rel=1e-12)
    assert spent.epsilon is not None
    assert 0.99 * epsilon < spent.epsilon <= epsilon
    mu = composed_mu(plan.privacy.noise_multiplier, releases=1)
    # what the noise gives away, and the one chance in unseen_delta that something else is seen
    assert gaussian_delta(epsilon, mu=mu) + plan.unseen_delta <= DELTA
    assert plan.privacy.noise_standard_deviation == pytest.approx(math.sqrt(40) / mu, rel=1e-9)


def test_a_threshold_is_that_of_the_largest_of_so_many_normals() -> None:
    plan = plan_transitions(population=5_000, pairs=40, epsilon=2.0, delta=DELTA)
    deviations = (plan.threshold - 1) / plan.privacy.noise_standard_deviation
    assert -math.expm1(40 * math.log1p(-norm.sf(deviations))) == pytest.approx(plan.unseen_delta, rel=1e-9)


def test_more_pairs_need_more_noise_and_a_higher_threshold() -> None:
    plans = [plan_transitions(population=5_000, pairs=pairs, epsilon=2.0, delta=DELTA) for pairs in (10, 100, 1_000)]
    assert [plan.privacy.noise_multiplier for plan in plans] == [plans[0].privacy.noise_multiplier] * 3
    thresholds = [plan.threshold for plan in plans]
    assert thresholds == sorted(thresholds)
    assert thresholds[2] > 9 * thresholds[0]


def test_a_device_counts_its_own_part_and_every_epsilon_says_what_it_is_of() -> None:
    plan = plan_transitions(population=5_000, pairs=40, epsilon=2.0, delta=DELTA, rounds=10, cohort=250)
    population, device = plan.spent(rounds=10), plan.device_spent(participations=1)
    assert population.unit is Unit.DEVICE
    assert population.delta == pytest.approx(DELTA)
    assert population.epsilon is not None
    assert population.epsilon <= 2.0
    assert device.epsilon is not None
    assert device.delta == pytest.approx(0.5 * DELTA + 0.05 * DELTA)
    assert device.epsilon > population.epsilon / 10  # nothing is amplified for who knows the cohorts
    assert "above a threshold" in str(population)


def test_what_does_not_belong_together_is_a_sentence() -> None:
    plan = plan_transitions(population=5_000, pairs=40, epsilon=2.0, delta=DELTA)
    with pytest.raises(BadInput, match="not the root of 41 pairs"):
        TransitionPlan(privacy=plan.privacy, pairs=41, unseen_delta=1e-6)
    for delta in (0.0, 1.0, math.nan):
        with pytest.raises(BadInput, match="between 0 and 1"):
            replace(plan, unseen_delta=delta)
    with pytest.raises(BadInput, match="below one over the population"):
        replace(plan, unseen_delta=2e-4)
    with pytest.raises(BadInput, match="name a cohort for more"):
        plan_transitions(population=5_000, pairs=40, epsilon=2.0, delta=DELTA, rounds=2)


def test_a_threshold_is_never_taken_under_trust_that_hides_the_counts() -> None:
    plan = plan_transitions(population=5_000, pairs=4, epsilon=2.0, delta=DELTA)
    object.__setattr__(plan.privacy, "trust", Trust.LOCAL)
    with pytest.raises(BadInput, match="needs central trust"):
        replace(plan, pairs=4)
    assert np.isfinite(plan.threshold)
