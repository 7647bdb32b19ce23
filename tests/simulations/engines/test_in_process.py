from dataclasses import replace

import pytest
import torch

from server.round import RoundState
from shared_model.privacy.clipping import clip_rows
from shared_model.privacy.mechanism import private_average
from shared_model.privacy.sampling import poisson_cohort
from shared_model.training.examples import take
from shared_model.training.local_update import local_updates
from simulations.engines import in_process as engine_in_process
from simulations.engines.in_process import MOST_SIDE_BY_SIDE, run_in_process, side_by_side


def slow(federation):
    """The rounds as they are told: one device at a time, one sum, one noise."""
    plan, vector = federation.plan, federation.model.vector()
    velocity = torch.zeros(len(vector), dtype=torch.float64)
    taken_part = [0] * plan.population
    for number in range(1, plan.rounds + 1):
        total = torch.zeros(len(vector), dtype=torch.float64)
        coins = federation.randomness("cohort", number)
        for device in poisson_cohort(plan.population, sample_rate=plan.sample_rate, randomness=coins):
            if taken_part[device] < plan.max_participations:
                taken_part[device] += 1
                own = take(federation.examples, torch.tensor([device]))
                update = local_updates(federation.model, vector, own, federation.training)
                total += clip_rows(update, clip_norm=plan.clip_norm)[0].double()
        mean = private_average(total, plan=plan, randomness=federation.randomness("noise", number))
        velocity = federation.step.momentum * velocity + mean.double()
        vector = (vector.double() + federation.step.learning_rate * velocity).float()
    return vector


def test_rounds_side_by_side_are_rounds_one_device_at_a_time(tiny_federation, monkeypatch):
    monkeypatch.setattr(engine_in_process, "MOST_SIDE_BY_SIDE", 4)  # so that a cohort is cut
    *_, last = run_in_process(RoundState.start(tiny_federation.model.vector()), tiny_federation)
    torch.testing.assert_close(last.vector, slow(tiny_federation), atol=1e-5, rtol=1e-5)
    assert (last.vector - tiny_federation.model.vector()).norm() > 0.1


def test_it_goes_on_from_any_round_and_stops_at_the_plans_last(tiny_federation):
    states = list(run_in_process(RoundState.start(tiny_federation.model.vector()), tiny_federation))
    assert [state.round for state in states] == [1, 2, 3]
    for place, state in enumerate(states):
        rest = list(run_in_process(state, tiny_federation))
        assert [after.round for after in rest] == [after.round for after in states[place + 1 :]]
        assert all(torch.equal(a.vector, b.vector) for a, b in zip(rest, states[place + 1 :], strict=True))


def test_devices_at_their_limit_decline_and_are_counted(tiny_federation):
    once = replace(tiny_federation.plan, rounds=2, max_participations=1)
    *_, last = run_in_process(RoundState.start(tiny_federation.model.vector()), replace(tiny_federation, plan=once))
    cohorts = [
        set(poisson_cohort(12, sample_rate=0.5, randomness=tiny_federation.randomness("cohort", number)).tolist())
        for number in (1, 2)
    ]
    assert [record.answered for record in last.records] == [len(cohorts[0]), len(cohorts[1] - cohorts[0])]
    assert [record.declined for record in last.records] == [0, len(cohorts[0] & cohorts[1])]
    assert last.records[1].declined > 0


def test_nobody_in_a_cohort_is_a_round_of_noise(tiny_federation, monkeypatch):
    nobody = torch.zeros(0, dtype=torch.int64).numpy()
    monkeypatch.setattr("server.round.draw_cohort", lambda *_, **__: nobody)
    one = replace(tiny_federation, plan=replace(tiny_federation.plan, rounds=1))
    (state,) = run_in_process(RoundState.start(one.model.vector()), one)
    assert state.records[0].answered == 0
    assert (state.vector - one.model.vector()).norm() > 0


@pytest.mark.parametrize(("size", "listeners"), [(0, MOST_SIDE_BY_SIDE), (4000, MOST_SIDE_BY_SIDE), (10**9, 1)])
def test_large_heads_are_trained_for_fewer_listeners_at_once(size, listeners):
    assert side_by_side(size) == listeners
