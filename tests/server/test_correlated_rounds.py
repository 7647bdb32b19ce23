"""Rounds with correlated noise, through server code and checkpoints."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from server import checkpoint
from server.round import RoundState, ServerStep, run_round
from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed
from shared_model.privacy.spent import Sampling

PLAN = PrivacyPlan(
    population=100,
    cohort=10,
    rounds=12,
    clip_norm=0.5,
    noise_multiplier=2.0,
    delta=1e-3,
    max_participations=3,
    mechanism=Mechanism.MATRIX_FACTORISATION,
    bands=4,
    sampling=Sampling.NONE,
)
STEP = ServerStep(learning_rate=1.0, momentum=0.0)


def randomness(purpose: str, number: int) -> KeyedRandomness:
    return KeyedRandomness(key=key_from_seed(6), purpose=purpose, round=number)


def run(rounds, plan=PLAN, state=None, answers=0):
    def collect(number, vector, cohort):
        return [torch.zeros(answers, 5)]

    states = [RoundState.start(torch.zeros(5)) if state is None else state]
    for _ in range(rounds):
        states.append(run_round(states[-1], plan=plan, step=STEP, randomness=randomness, collect=collect))
    return states


def independent_noise():
    return np.array(
        [gaussian_noise(5, standard_deviation=1.0, randomness=randomness("noise", number)) for number in range(1, 13)]
    )


def encoder():
    square = np.array([[1, 0.5, 0.375, 0.3125][row - column] if 0 <= row - column < 4 else 0.0
                       for row in range(12) for column in range(12)]).reshape(12, 12)  # fmt: skip
    return square / np.linalg.norm(square, axis=0)


def test_line_19_the_released_sums_hold_the_noise_of_the_factorisation():
    states = run(12)
    released = np.array([state.vector.numpy() for state in states[1:]]) * 10  # prefix sums of noise alone
    expected = np.tril(np.ones((12, 12))) @ np.linalg.inv(encoder()) @ independent_noise() * 2.0 * 0.5
    np.testing.assert_allclose(released, expected, atol=1e-5)
    rows = np.linalg.norm(np.linalg.inv(encoder()), axis=1)
    reported = [record.noise_norm for record in states[-1].records]
    np.testing.assert_allclose(reported, rows * 2.0 * 0.5 * 5**0.5 / 10, rtol=1e-9)


@pytest.mark.parametrize("killed_after", [1, 3, 7])
def test_line_19_a_killed_run_goes_on_with_the_same_noise(killed_after, tmp_path):
    whole = run(12)
    checkpoint.save(run(killed_after)[-1], tmp_path)
    restored = checkpoint.latest(tmp_path)
    assert restored.noise_memory.round == killed_after
    resumed = run(12 - killed_after, state=restored)
    assert torch.equal(resumed[-1].vector, whole[-1].vector)


def test_seeded_bug_a_checkpoint_that_forgets_the_memory_is_seen(tmp_path):
    forgetful = replace(run(3)[-1], noise_memory=None)
    assert not torch.equal(run(9, state=forgetful)[-1].vector, run(12)[-1].vector)


def test_line_19_an_aborted_round_has_used_its_noise():
    plan = replace(PLAN, minimum_cohort=5)
    aborted = run(1, plan=plan)[-1]
    assert aborted.records[0].update_norm is None
    assert not aborted.vector.any()
    assert aborted.noise_memory.round == 1
    later = run(11, state=aborted)[-1]
    assert later.noise_memory.round == 12
    # the second round's noise is what it would have been had the first been released
    steps = [run(2)[index].vector for index in (1, 2)]
    torch.testing.assert_close(run(1, state=aborted)[-1].vector, steps[1] - steps[0])
