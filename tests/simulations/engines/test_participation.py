from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.round import RoundState
from shared_model.privacy.plan import PrivacyPlan
from simulations.engines.in_process import run_in_process
from simulations.engines.participation import accept, participations

PLAN = PrivacyPlan(
    population=6, cohort=3, rounds=4, clip_norm=1.0, noise_multiplier=1.0, delta=1e-2, max_participations=2
)


@given(st.lists(st.lists(st.integers(0, 5), unique=True), max_size=12))
def test_no_device_ever_takes_part_more_often_than_planned_line_8(cohorts):
    taken_part = np.zeros(6, dtype=np.int64)
    expected = [0] * 6
    for cohort in cohorts:
        accepting = accept(taken_part, np.array(cohort, dtype=np.int64), PLAN)
        assert accepting.tolist() == [device for device in cohort if expected[device] < 2]
        for device in accepting:
            expected[device] += 1
    assert taken_part.tolist() == expected
    assert taken_part.max() <= 2


def test_a_cap_on_what_a_device_spends_declines_too_line_8():
    capped = replace(PLAN, rounds=1, cohort=1, device_cap=6.0, max_participations=50)
    taken_part = np.zeros(6, dtype=np.int64)
    accepted = [len(accept(taken_part, np.array([0]), capped)) for _ in range(50)]
    assert 0 < sum(accepted) == capped.participation_limit < 50


def test_what_devices_counted_is_what_the_rounds_recorded(tiny_federation):
    federation = replace(tiny_federation, plan=replace(tiny_federation.plan, rounds=4, max_participations=2))
    states = list(run_in_process(RoundState.start(federation.model.vector()), federation))
    for state in states:
        counted = participations(federation, rounds=state.round)
        assert counted.sum() == sum(record.answered for record in state.records)
        assert counted.max() <= 2
    assert sum(record.declined for record in states[-1].records) > 0


def test_before_the_first_round_nobody_has_taken_part(tiny_federation):
    assert not participations(tiny_federation, rounds=0).any()


@pytest.mark.parametrize("other", [12, 13])
def test_another_seed_draws_other_cohorts(other, tiny_federation):
    one, two = (participations(replace(tiny_federation, seed=seed), rounds=3) for seed in (11, other))
    assert one.tolist() != two.tolist()
