import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from shared_model.errors import BadInput
from shared_model.privacy import local_gaussian
from shared_model.privacy.gaussian import gaussian_delta, gaussian_mu
from shared_model.privacy.local_gaussian import LocalGaussian
from shared_model.privacy.mechanism import average_of_noised, noised_update
from shared_model.privacy.randomness import KeyedRandomness, OperatingSystemRandomness, key_from_seed
from shared_model.privacy.spent import Adversary, PrivacySpent, Relation, Unit

MECHANISM = LocalGaussian(clip_norm=0.5, noise_multiplier=4.0)


def keyed(number: int) -> KeyedRandomness:
    return KeyedRandomness(key=key_from_seed(1), purpose="local noise", round=number)


def exact_delta(epsilon: float, deviation: float, change: float) -> float:
    """Oracle: the hockey-stick divergence of two Gaussians, `change` apart, from its definition."""
    threshold = epsilon * deviation**2 / change + change / 2
    return float(norm.sf((threshold - change) / deviation) - math.exp(epsilon) * norm.sf(threshold / deviation))


@pytest.mark.parametrize(("epsilon", "delta"), [(0.1, 1e-5), (1.0, 1e-6), (8.0, 1e-3), (30.0, 1e-5)])
@pytest.mark.parametrize("participations", [1, 7])
def test_line_18_the_noise_is_the_least_that_keeps_epsilon_for_a_change_of_two_clip_norms(
    epsilon: float, delta: float, participations: int
) -> None:
    mechanism = LocalGaussian.calibrated(epsilon=epsilon, delta=delta, participations=participations, clip_norm=0.3)
    change = 2 * 0.3 * math.sqrt(participations)  # T releases are one of this change
    assert exact_delta(epsilon, mechanism.standard_deviation, change) == pytest.approx(delta, rel=1e-5)
    assert exact_delta(epsilon, mechanism.standard_deviation * 0.999, change) > delta


@settings(deadline=None)
@given(epsilon=st.floats(0.01, 50), delta=st.floats(1e-12, 0.1), times=st.integers(1, 100))
def test_line_18_what_was_calibrated_is_what_is_spent_and_never_more(epsilon: float, delta: float, times: int) -> None:
    mechanism = LocalGaussian.calibrated(epsilon=epsilon, delta=delta, participations=times, clip_norm=1.0)
    spent = mechanism.spent(participations=times, delta=delta)
    assert spent.epsilon is not None
    assert spent.epsilon <= epsilon * (1 + 1e-12)
    assert spent.epsilon == pytest.approx(epsilon, rel=1e-6)
    assert (spent.unit, spent.relation, spent.adversary) == (Unit.DEVICE, Relation.REPLACE_ONE, Adversary.SERVER)


@settings(deadline=None)
@given(epsilon=st.floats(0.01, 50), delta=st.floats(1e-12, 0.1))
def test_the_largest_mu_keeps_delta_and_a_larger_one_does_not(epsilon: float, delta: float) -> None:
    mu = gaussian_mu(epsilon=epsilon, delta=delta)
    assert gaussian_delta(epsilon, mu=mu) <= delta < gaussian_delta(epsilon, mu=mu * (1 + 2e-9))


def test_line_18_each_answer_costs_more_and_none_costs_nothing() -> None:
    costs = [MECHANISM.spent(participations=times, delta=1e-5).epsilon for times in range(5)]
    assert costs[0] == 0
    assert costs == sorted(set(costs))  # type: ignore[type-var]
    # z = 4 is mu = 1/2 a round under replace-one, and four rounds are mu = 1: 4.37718 (privacy.md, section 3)
    assert costs[4] == pytest.approx(4.37718, abs=1e-5)


def test_line_18_it_cannot_be_added_to_the_number_against_release_readers() -> None:
    other = PrivacySpent(
        epsilon=1.0, delta=1e-5, unit=Unit.DEVICE, relation=Relation.REPLACE_ONE, adversary=Adversary.RELEASE_READER,
        mechanism="m", rounds=1, accountant="PLD",
    )  # fmt: skip
    with pytest.raises(TypeError, match="adversary"):
        MECHANISM.spent(participations=1, delta=1e-5) + other


def test_line_11_the_noise_has_the_deviation_that_is_accounted() -> None:
    assert has_the_accounted_noise(MECHANISM)


def has_the_accounted_noise(mechanism: LocalGaussian) -> bool:
    update = torch.full((50_000,), 1.0)
    noise = noised_update(update, mechanism=mechanism, randomness=keyed(0)) - mechanism.clip_norm / math.sqrt(50_000)
    return bool(abs(float(noise.std()) / (4.0 * 0.5) - 1) < 5 / math.sqrt(2 * 50_000))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_line_13_an_update_that_is_not_finite_is_answered_by_noise_alone(bad: float) -> None:
    nothing = noised_update(torch.zeros(100), mechanism=MECHANISM, randomness=keyed(0))
    assert torch.equal(noised_update(torch.full((100,), bad), mechanism=MECHANISM, randomness=keyed(0)), nothing)
    assert nothing.dtype == torch.float32
    assert nothing.isfinite().all()


def test_line_13_a_huge_update_moves_an_answer_by_the_clip_norm() -> None:
    zero, huge = torch.zeros(100), torch.full((100,), 3e38)
    moved = [noised_update(update, mechanism=MECHANISM, randomness=keyed(0)) for update in (zero, huge)]
    assert float((moved[1] - moved[0]).norm()) == pytest.approx(0.5, rel=1e-5)


def test_line_18_the_sum_has_k_times_the_variance_and_is_not_noised_again() -> None:
    update = torch.zeros(20_000)
    rows = [noised_update(update, mechanism=MECHANISM, randomness=keyed(device)) for device in range(16)]
    total = torch.stack(rows).sum(0, dtype=torch.float64)
    assert torch.equal(average_of_noised(total, cohort=16), (total / 16).float())
    assert float(total.std()) == pytest.approx(4 * MECHANISM.standard_deviation, rel=5 / math.sqrt(40_000))


def test_line_15_deployed_noise_is_never_the_same_and_no_seed_reaches_it() -> None:
    answers = []
    for _ in range(2):
        np.random.seed(0)
        torch.manual_seed(0)
        answers.append(noised_update(torch.zeros(4), mechanism=MECHANISM, randomness=OperatingSystemRandomness()))
    assert not torch.equal(*answers)


@pytest.mark.parametrize("change", [{"epsilon": 0.0}, {"epsilon": math.inf}, {"delta": 0.0}, {"delta": 1.0},
                                    {"participations": 0}, {"clip_norm": 0.0}, {"epsilon": math.nan}])  # fmt: skip
def test_numbers_that_cannot_be_used_are_refused(change: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"epsilon": 1.0, "delta": 1e-5, "participations": 1, "clip_norm": 1.0}
    with pytest.raises(BadInput, match="local Gaussian"):
        LocalGaussian.calibrated(**(usual | change))


def test_seeded_bug_a_sensitivity_of_one_clip_norm_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_gaussian, "sensitivity", lambda relation: 1.0)
    with pytest.raises(AssertionError):
        test_line_18_the_noise_is_the_least_that_keeps_epsilon_for_a_change_of_two_clip_norms(1.0, 1e-6, 1)


def test_seeded_bug_noise_divided_by_the_root_of_the_cohort_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalGaussian, "standard_deviation", property(lambda self: 4.0 * 0.5 / 10))
    assert not has_the_accounted_noise(MECHANISM)
