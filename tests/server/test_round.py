from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from server.round import RoundState, ServerStep, run_round
from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed
from shared_model.privacy.sampling import poisson_cohort

PLAN = PrivacyPlan(
    population=40, cohort=10, rounds=8, clip_norm=1.0, noise_multiplier=1.0, delta=1e-3, max_participations=8
)
STEP = ServerStep(learning_rate=0.7, momentum=0.9)
START = torch.linspace(-1, 1, 6)


def randomness(purpose, number):
    return KeyedRandomness(key=key_from_seed(3), purpose=purpose, round=number)


def answers(number, vector, cohort):
    """Each device pulls towards a point of its own."""
    for device in cohort:
        yield 0.1 * (torch.full((1, 6), float(device)) - vector)


def run(rounds, plan=PLAN, step=STEP, collect=answers, state=None):
    states = [RoundState.start(START) if state is None else state]
    for _ in range(rounds):
        states.append(run_round(states[-1], plan=plan, step=step, randomness=randomness, collect=collect))
    return states


@settings(deadline=None, max_examples=20)
@given(momentum=st.floats(0, 0.99), learning_rate=st.floats(0.01, 2))
def test_the_server_steps_by_momentum_in_double_precision(momentum, learning_rate):
    step = ServerStep(learning_rate=learning_rate, momentum=momentum)
    states = run(4, PLAN.without_privacy(), step)
    vector, velocity = START.double().numpy(), np.zeros(6)
    for number in range(1, 5):
        cohort = poisson_cohort(40, sample_rate=0.25, randomness=randomness("cohort", number))
        mean = sum(0.1 * (float(device) - vector) for device in cohort) / 10
        velocity = momentum * velocity + mean
        vector = vector + learning_rate * velocity
        np.testing.assert_allclose(states[number].velocity, velocity, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(states[number].vector, vector, rtol=1e-5, atol=1e-5)
    assert states[4].vector.dtype == torch.float32
    assert states[4].velocity.dtype == torch.float64


def test_noise_is_added_before_momentum_and_differs_by_round():
    def nobody_learns(number, vector, cohort):
        yield torch.zeros(len(cohort), 6)

    states = run(2, collect=nobody_learns)
    velocity = torch.zeros(6, dtype=torch.float64)
    for number in (1, 2):
        noise = gaussian_noise(6, standard_deviation=1.0, randomness=randomness("noise", number))
        velocity = 0.9 * velocity + torch.from_numpy(noise) / 10
        torch.testing.assert_close(states[number].velocity, velocity, atol=1e-7, rtol=1e-6)
    torch.testing.assert_close(states[1].vector, (START.double() + 0.7 * states[1].velocity).float())


def test_each_device_is_invited_by_a_coin_of_its_own_over_the_public_population_line_2():
    invited = []

    def watching(number, vector, cohort):
        invited.append(cohort)
        return []

    run(200, replace(PLAN, rounds=200, max_participations=200), collect=watching)
    sizes = np.array([len(cohort) for cohort in invited])
    assert abs(sizes.mean() - 10) < 4 * np.sqrt(40 * 0.25 * 0.75 / 200)
    assert sizes.std() > 1.5  # Binomial(40, 1/4) has 2.7: not a cohort of a fixed size
    assert all((np.diff(cohort) > 0).all() for cohort in invited)
    share = np.bincount(np.concatenate(invited), minlength=40) / 200
    assert (np.abs(share - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 200)).all()


def test_a_round_that_nobody_answers_releases_its_noise_alone_and_is_counted():
    def nobody(number, vector, cohort):
        return []

    state = run(1, collect=nobody)[1]
    assert state.round == 1
    assert not torch.equal(state.vector, START)
    assert state.records[0].answered == 0
    assert state.records[0].noise_norm > 0
    assert state.records[0].update_norm == 0


def test_an_aborted_round_keeps_vector_and_velocity_and_is_counted():
    plan = replace(PLAN, minimum_cohort=10)
    before = run(1, collect=lambda number, vector, cohort: [torch.ones(10, 6)], plan=plan)[1]
    after = run(1, collect=lambda number, vector, cohort: [torch.ones(9, 6)], plan=plan, state=before)[1]
    assert after.round == 2
    assert torch.equal(after.vector, before.vector)
    assert torch.equal(after.velocity, before.velocity)
    assert after.records[1].update_norm is None
    assert after.records[1].noise_norm is None
    assert after.records[1].answered == 9


def test_who_declines_is_counted_and_bytes_are_those_of_the_released_numbers():
    def half(number, vector, cohort):
        yield torch.zeros(len(cohort) // 2, 6)

    record = run(1, collect=half)[1].records[0]
    assert record.round == 1
    assert record.invited > 4
    assert record.answered == record.invited // 2
    assert record.declined == record.invited - record.answered
    assert record.bytes_down == 24 * record.invited
    assert record.bytes_up == 24 * record.answered


def test_devices_get_the_parameters_of_the_round_before():
    got = []

    def watching(number, vector, cohort):
        got.append((number, vector.clone()))
        return []

    states = run(3, collect=watching)
    assert [number for number, _ in got] == [1, 2, 3]
    assert all(torch.equal(vector, state.vector) for (_, vector), state in zip(got, states, strict=False))


def test_a_fault_while_collecting_is_not_taken_for_an_aborted_round():
    def broken(number, vector, cohort):
        raise ConnectionError("the network is gone")
        yield

    with pytest.raises(ConnectionError):
        run(1, collect=broken)
