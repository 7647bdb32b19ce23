from typing import Any

import pytest

from shared_model.errors import BadInput
from shared_model.privacy.loss_distribution import pld_epsilon
from shared_model.privacy.solve import NOISE_TOLERANCE, solve_plan
from shared_model.privacy.spending import population_spent
from shared_model.privacy.spent import Relation, Sampling

GIVEN: dict[str, Any] = {
    "population": 1000,
    "cohort": 200,
    "clip_norm": 1.0,
    "delta": 1e-4,
    "max_participations": 1000,
}

VISIBLE = {"sampling": Sampling.NONE, "relation": Relation.ZERO_OUT}


@pytest.mark.parametrize("epsilon", [1.0, 8.0, 60.0])
def test_the_solved_noise_meets_the_target_and_hardly_less_would_not(epsilon: float) -> None:
    plan = solve_plan(**GIVEN, epsilon=epsilon, rounds=40)
    rest = {"sample_rate": 0.2, "rounds": 40, "delta": 1e-4}
    assert pld_epsilon(noise_multiplier=plan.noise_multiplier, **rest) <= epsilon
    assert pld_epsilon(noise_multiplier=plan.noise_multiplier / (1 + 1.01 * NOISE_TOLERANCE), **rest) > epsilon


def test_the_solved_rounds_meet_the_target_and_one_more_would_not() -> None:
    plan = solve_plan(**GIVEN, epsilon=8.0, noise_multiplier=1.0)
    rest = {"sample_rate": 0.2, "noise_multiplier": 1.0, "delta": 1e-4}
    assert plan.rounds > 1
    assert pld_epsilon(rounds=plan.rounds, **rest) <= 8.0 < pld_epsilon(rounds=plan.rounds + 1, **rest)


def test_the_solved_cohort_meets_the_target_and_one_device_more_would_not() -> None:
    plan = solve_plan(**{**GIVEN, "cohort": None}, epsilon=8.0, noise_multiplier=1.0, rounds=40)
    rest = {"noise_multiplier": 1.0, "rounds": 40, "delta": 1e-4}
    assert 1 < plan.cohort < 1000
    assert pld_epsilon(sample_rate=plan.cohort / 1000, **rest) <= 8.0
    assert pld_epsilon(sample_rate=(plan.cohort + 1) / 1000, **rest) > 8.0


def test_everybody_may_be_the_solved_cohort() -> None:
    assert solve_plan(**{**GIVEN, "cohort": None}, epsilon=50.0, noise_multiplier=5.0, rounds=3).cohort == 1000


@pytest.mark.parametrize(
    ("sampling", "relation"), [(Sampling.FIXED_SIZE, Relation.REPLACE_ONE), (Sampling.NONE, Relation.ZERO_OUT)]
)
def test_other_samplings_are_solved_by_their_own_accountant(sampling: Sampling, relation: Relation) -> None:
    plan = solve_plan(**GIVEN, epsilon=8.0, rounds=40, sampling=sampling, relation=relation)
    spent = population_spent(plan, rounds=40).quoted.epsilon
    assert spent is not None
    assert 8.0 * 0.99 <= spent <= 8.0


def test_with_noise_and_rounds_given_there_is_nothing_to_solve() -> None:
    plan = solve_plan(**GIVEN, noise_multiplier=1.3, rounds=7, device_cap=90.0, minimum_cohort=5)
    assert (plan.noise_multiplier, plan.rounds, plan.device_cap, plan.minimum_cohort) == (1.3, 7, 90.0, 5)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"epsilon": 1.0}, "exactly three"),
        ({"epsilon": 1.0, "rounds": 1, "noise_multiplier": 1.0}, "exactly three"),
        ({"epsilon": 0.0, "rounds": 1}, "epsilon is 0"),
        ({"epsilon": float("nan"), "rounds": 1}, "epsilon is nan"),
        ({"epsilon": 1.0, "rounds": 0}, "rounds is 0"),
        ({"epsilon": 8.0, "rounds": 40, "noise_multiplier": 0.1, "cohort": None}, "a cohort of 1 already costs"),
        ({"epsilon": 8.0, "rounds": 2, "noise_multiplier": 9.0, "cohort": None, **VISIBLE}, "has no say in epsilon"),
        ({"epsilon": 8.0, "noise_multiplier": 9.0, "max_participations": 5, **VISIBLE}, "however many rounds"),
        ({"epsilon": 1.0, "rounds": 1, "cohort": 999_999}, "cohort of 999999"),
        ({"epsilon": 1.0, "noise_multiplier": -1.0}, "noise_multiplier is -1"),
        ({"epsilon": 1.0, "rounds": 1, "delta": 0.001}, "delta is 0.001"),
        ({"epsilon": 0.01, "noise_multiplier": 0.5}, "one round already costs more"),
        ({"epsilon": 8.0, "rounds": 40, "max_participations": 3}, "expected to take part 8 times"),
        ({"epsilon": 8.0, "rounds": 40, "device_cap": 2.0}, "device_cap 2.0"),
    ],
)
def test_what_cannot_be_solved_is_refused_with_a_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        solve_plan(**{**GIVEN, **change})
