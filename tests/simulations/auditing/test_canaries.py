import numpy as np
import pytest
import torch

from server.round import RoundState, ServerStep, run_round
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed
from simulations.auditing.canaries import draw_canaries, likelihood_scores, released_sums, round_scores

PLAN = PrivacyPlan(
    population=10, cohort=5, rounds=6, clip_norm=0.5, noise_multiplier=1.0, delta=1e-2, max_participations=6
)


def test_canaries_have_length_one_and_stand_across_the_drift() -> None:
    drift = torch.arange(1.0, 41.0)
    canaries = draw_canaries(200, drift=drift, seed=1)
    torch.testing.assert_close(canaries.directions.norm(dim=1), torch.ones(200))
    assert (canaries.directions @ drift).abs().max() < 1e-4
    assert 60 < canaries.included.sum() < 140


def test_without_a_drift_any_direction_will_do() -> None:
    assert draw_canaries(20, drift=torch.zeros(8), seed=1).directions.isfinite().all()


def test_the_public_transformation_is_undone_exactly() -> None:
    """Released models of real rounds give back the noised sums: rate, momentum and division are known to everyone."""
    step, expected = ServerStep(learning_rate=0.7, momentum=0.9), []
    state = RoundState.start(torch.zeros(30))
    models = [state.vector]

    def randomness(purpose: str, number: int) -> KeyedRandomness:
        return KeyedRandomness(key=key_from_seed(3), purpose=purpose, round=number)

    def collect(number: int, *_: object) -> list[torch.Tensor]:
        return [torch.full((1, 30), 0.01 * number)]

    while state.round < PLAN.rounds:
        before = state
        state = run_round(state, plan=PLAN, step=step, randomness=randomness, collect=collect)
        expected.append((state.velocity - step.momentum * before.velocity) * PLAN.cohort)
        models.append(state.vector)
    found = released_sums(models, plan=PLAN, step=step)
    torch.testing.assert_close(found, torch.stack(expected), atol=1e-4, rtol=1e-4)


def test_a_score_is_the_part_of_a_canary_in_clip_norms() -> None:
    canaries = draw_canaries(3, drift=torch.zeros(50), seed=2)
    sums = torch.stack([PLAN.clip_norm * canaries.directions[0], -PLAN.clip_norm * canaries.directions[1]]).double()
    found = round_scores(sums, canaries, plan=PLAN)
    assert found.shape == (2, 3)
    assert found[0, 0] == pytest.approx(1.0, abs=1e-5)
    assert found[1, 1] == pytest.approx(-1.0, abs=1e-5)


def test_the_likelihood_ratio_is_that_of_the_two_distributions() -> None:
    found, rate, noise = np.array([[0.3, -1.2], [0.9, 0.1]]), 0.3, 1.7

    def density(score: float, mean: float) -> float:
        return float(np.exp(-((score - mean) ** 2) / (2 * noise**2)))

    expected = [
        sum(
            np.log(((1 - rate) * density(score, 0) + rate * density(score, 1)) / density(score, 0))
            for score in found[:, canary]
        )
        for canary in range(2)
    ]
    np.testing.assert_allclose(likelihood_scores(found, sample_rate=rate, noise_multiplier=noise), expected)
