"""Rounds whose clip norm follows the updates, through server code, checkpoints and both sides' functions."""

from dataclasses import replace

import pytest
import torch

from server import checkpoint
from server.aggregate import Aggregate
from server.round import RoundState, ServerStep, plan_of_next_round, run_round
from shared_model.errors import BadInput
from shared_model.privacy.adaptive_clipping import AdaptiveClipping, contributions
from shared_model.privacy.plan import Clipping, PrivacyPlan
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed

PLAN = PrivacyPlan(
    population=400,
    cohort=100,
    rounds=120,
    clip_norm=100.0,
    noise_multiplier=1.0,
    delta=1e-3,
    max_participations=120,
    clipping=Clipping.ADAPTIVE,
)
STEP = ServerStep(learning_rate=0.0, momentum=0.0)


def randomness(purpose: str, number: int) -> KeyedRandomness:
    return KeyedRandomness(key=key_from_seed(4), purpose=purpose, round=number)


def run(rounds, plan=PLAN, state=None):
    states = [RoundState.start(torch.zeros(6)) if state is None else state]

    def collect(number, vector, cohort):
        told = plan_of_next_round(plan, states[-1])
        updates = torch.randn(len(cohort), 6, generator=torch.Generator().manual_seed(number))
        yield contributions(updates, clip_norm=told.clip_norm, clipping=AdaptiveClipping.of(told))

    for _ in range(rounds):
        states.append(run_round(states[-1], plan=plan, step=STEP, randomness=randomness, collect=collect))
    return states


@pytest.mark.parametrize("start", [0.023, 230.0])
def test_line_17_rounds_lead_the_clip_norm_to_the_median_from_a_hundredth_and_from_a_hundredfold(start):
    norms = [state.clip_norm for state in run(120, replace(PLAN, clip_norm=start))[80:]]
    # the median norm of six standard normals is 2.313
    assert torch.tensor(norms).log().mean().exp().item() == pytest.approx(2.313, rel=0.1)


def test_line_17_the_first_round_clips_at_the_planned_norm_and_its_noise_is_reported_for_it():
    start, first, second = run(2)
    assert start.clip_norm is None
    assert plan_of_next_round(PLAN, start).clip_norm == 100.0
    assert plan_of_next_round(PLAN, first).clip_norm == first.clip_norm < 100.0
    ratio = second.records[1].noise_norm / first.records[0].noise_norm
    assert ratio == pytest.approx(first.clip_norm / 100.0, rel=1e-9)
    assert first.records[0].noise_norm == pytest.approx(1.005 * 100 * 6**0.5 / 100, rel=1e-3)


def test_a_resumed_run_goes_on_with_the_same_clip_norms_to_the_last_bit(tmp_path):
    whole = run(6)
    half = run(3)[3]
    checkpoint.save(half, tmp_path)
    resumed = run(3, state=checkpoint.latest(tmp_path))
    assert [state.clip_norm for state in resumed] == [state.clip_norm for state in whole[3:]]
    assert torch.equal(resumed[-1].vector, whole[-1].vector)


def test_an_aborted_round_leaves_the_clip_norm_as_it_was():
    plan = replace(PLAN, minimum_cohort=100)
    before = replace(RoundState.start(torch.zeros(6)), clip_norm=3.0)
    after = run_round(before, plan=plan, step=STEP, randomness=randomness, collect=lambda *_: [])
    assert after.records[0].update_norm is None
    assert after.clip_norm == 3.0


def test_line_13_whatever_a_device_sends_the_sum_moves_by_the_sensitivity_at_most():
    def released(rows):
        aggregate = Aggregate(6, plan=PLAN)
        aggregate.add(rows)
        return aggregate.release(randomness("noise", 1))

    nothing = released(torch.zeros(0, 7))
    for bad in (torch.full((1, 7), 1e30), torch.full((1, 7), float("nan")), -torch.full((1, 7), 3e38)):
        moved = released(bad)
        sensitivity = AdaptiveClipping.of(PLAN).sensitivity
        assert float((moved.mean - nothing.mean).norm()) <= PLAN.clip_norm * sensitivity / PLAN.cohort * 1.001
        assert 0.5 < moved.next_clip_norm / nothing.next_clip_norm < 2


def test_an_answer_without_its_bit_is_left_out():
    with pytest.raises(BadInput, match="leave it out"):
        Aggregate(6, plan=PLAN).add(torch.zeros(1, 6))
