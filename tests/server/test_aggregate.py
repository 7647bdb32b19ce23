import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.stats import chi2, kstest

from server import aggregate as aggregate_module
from server.aggregate import Aggregate
from shared_model.errors import BadInput, Refused
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.randomness import KeyedRandomness, OperatingSystemRandomness, key_from_seed
from shared_model.privacy.spent import Relation, Sampling, Trust

PLAN = PrivacyPlan(
    population=100, cohort=10, rounds=5, clip_norm=0.5, noise_multiplier=1.5, delta=1e-3, max_participations=5
)
KEYED = KeyedRandomness(key=key_from_seed(0), purpose="noise", round=1)


def released(rows, plan=PLAN, randomness=KEYED):
    aggregate = Aggregate(rows[0].shape[1], plan=plan)
    for some in rows:
        aggregate.add(some)
    return aggregate.release(randomness)


def noise_alone(size, plan=PLAN):
    return released([torch.zeros(0, size)], plan).mean


def test_the_mean_is_over_the_planned_cohort_however_many_answered_line_12():
    rows = torch.eye(4, 30) * 0.25
    without = released([rows], PLAN.without_privacy()).mean
    torch.testing.assert_close(without, rows.sum(0) / 10)
    torch.testing.assert_close(released([rows]).mean - noise_alone(30), rows.sum(0) / 10, atol=1e-6, rtol=0)


def test_fewer_answers_do_not_mean_less_noise_line_12():
    noises = [released([torch.zeros(count, 30)]).mean for count in (0, 1, 10, 25)]
    assert all(torch.equal(noise, noises[0]) for noise in noises)
    assert noises[0].any()


def test_every_device_weighs_the_same_whatever_its_update_claims_line_11():
    loud, quiet = torch.zeros(1, 4), torch.zeros(1, 4)
    loud[0, 0], quiet[0, 1] = 1e6, 0.5
    difference = released([loud, quiet]).mean - noise_alone(4)
    assert difference[0].item() == pytest.approx(difference[1].item(), rel=1e-4)


def test_batches_of_answers_sum_as_one():
    rows = torch.randn(25, 7, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(released([rows]).mean, released([rows[:1], rows[1:20], rows[20:]]).mean)


ANY_ROW = st.sampled_from([np.float16, np.float32, np.float64]).flatmap(
    lambda dtype: npst.arrays(dtype, (1, 5), elements=npst.from_dtype(np.dtype(dtype)))
)


@settings(deadline=None)
@given(row=ANY_ROW, before=npst.arrays(np.float32, (3, 5), elements=st.floats(-1, 1, width=32)))
def test_whatever_one_device_sends_the_sum_moves_by_the_clip_norm_at_most_line_13(row, before):
    """NaN, infinities, huge, tiny, halves and doubles, among others' honest updates."""
    others = torch.from_numpy(before)
    with_it = released([others, torch.from_numpy(row)]).mean.double() * PLAN.cohort
    without = released([others]).mean.double() * PLAN.cohort
    assert (with_it - without).isfinite().all()
    # both are float32 numbers near the size of the noise
    assert (with_it - without).norm() <= PLAN.clip_norm + 1e-5


def test_seeded_bug_a_server_that_trusts_its_devices_to_clip_is_caught(monkeypatch):
    monkeypatch.setattr(aggregate_module, "clip_rows", lambda updates, *, clip_norm: updates)
    with_it = released([torch.full((1, 5), 10.0)]).mean - released([torch.zeros(1, 5)]).mean
    assert with_it.norm() * PLAN.cohort > PLAN.clip_norm


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (1, 6), (5,), (1, 5, 1), ()])
def test_an_answer_of_another_shape_is_refused_and_not_spread_over_the_sum(shape):
    aggregate = Aggregate(5, plan=PLAN)
    with pytest.raises(BadInput, match="5 numbers are released"):
        aggregate.add(torch.ones(shape))
    assert aggregate.answers == 0


@pytest.mark.parametrize(("clip_norm", "noise_multiplier"), [(0.5, 1.5), (3.0, 0.4)])
def test_the_noise_of_a_release_has_the_planned_deviation_line_11(clip_norm, noise_multiplier):
    plan = replace(PLAN, clip_norm=clip_norm, noise_multiplier=noise_multiplier)
    size, draws = 500, 80
    numbers = torch.cat(
        [
            released(
                [torch.zeros(3, size)], plan, KeyedRandomness(key=key_from_seed(7), purpose="noise", round=number)
            ).mean
            for number in range(draws)
        ]
    ).double() / (noise_multiplier * clip_norm / plan.cohort)
    squares = float((numbers**2).sum())
    low, high = chi2.ppf([1e-6, 1 - 1e-6], size * draws)
    assert low < squares < high
    assert kstest(numbers.numpy(), "norm").pvalue > 1e-6
    # the test can tell noise that is 5 % too small, as one bound to a count of answers would be
    assert squares * 0.95**2 < low


def test_rounds_have_noise_of_their_own():
    other = KeyedRandomness(key=key_from_seed(0), purpose="noise", round=2)
    assert not torch.equal(released([torch.zeros(1, 9)]).mean, released([torch.zeros(1, 9)], randomness=other).mean)


def test_deployed_noise_cannot_be_had_again_by_a_seed_line_15():
    noises = []
    for _ in range(2):
        torch.manual_seed(0)
        np.random.seed(0)
        noises.append(released([torch.zeros(1, 9)], randomness=OperatingSystemRandomness()).mean)
    assert not torch.equal(*noises)


@pytest.mark.parametrize(("minimum", "answers", "refused"), [(4, 3, True), (4, 4, False), (0, 0, False), (1, 0, True)])
def test_below_the_planned_minimum_nothing_is_released(minimum, answers, refused):
    aggregate = Aggregate(3, plan=replace(PLAN, minimum_cohort=minimum))
    aggregate.add(torch.ones(answers, 3))
    if refused:
        with pytest.raises(Refused, match=f"{answers} devices answered"):
            aggregate.release(KEYED)
    else:
        assert aggregate.release(KEYED).mean.isfinite().all()


def test_what_the_operator_sees_are_the_norms_of_mean_and_noise():
    rows = torch.randn(6, 2000, generator=torch.Generator().manual_seed(0))
    rows = 0.4 * rows / rows.norm(dim=1, keepdim=True)
    seen = released([rows])
    assert seen.update_norm == pytest.approx((rows.double().sum(0) / 10).norm().item(), rel=1e-6)
    noise = noise_alone(2000)
    assert seen.noise_norm == pytest.approx(noise.norm().item(), rel=0.1)
    assert seen.noise_norm == pytest.approx(1.5 * 0.5 * math.sqrt(2000) / 10)


def test_without_a_mechanism_nothing_is_clipped_and_nothing_added():
    rows = 100 * torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    seen = released([rows], PLAN.without_privacy())
    torch.testing.assert_close(seen.mean, rows.sum(0) / 10)
    assert seen.noise_norm == 0


def test_the_sum_is_taken_in_double_precision():
    rows = torch.tensor([[0.4], [1e-9], [-0.4]])
    assert released([rows], PLAN.without_privacy()).mean.item() == pytest.approx(1e-10, rel=1e-6)


LOCAL = replace(PLAN, trust=Trust.LOCAL, sampling=Sampling.NONE, relation=Relation.REPLACE_ONE)


def test_line_18_noised_answers_are_neither_clipped_nor_noised_again():
    rows = torch.full((4, 30), 7.0)  # as long as noise makes them
    found = released([rows], LOCAL)
    assert torch.equal(found.mean, rows.sum(0) / 10)
    assert found.noise_norm == pytest.approx(1.5 * 0.5 * (4 * 30) ** 0.5 / 10)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_line_13_an_answer_that_is_not_finite_spoils_no_sum_of_noised_ones(bad):
    rows = torch.ones(2, 5)
    rows[1, 3] = bad
    assert torch.equal(released([rows], LOCAL).mean, torch.full((5,), 0.1))
