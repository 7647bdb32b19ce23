import dataclasses

import pytest
import torch

from shared_model.privacy.mechanism import private_average
from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.randomness import KeyedRandomness, OperatingSystemRandomness, key_from_seed

PLAN = PrivacyPlan(
    population=1000, cohort=50, rounds=10, clip_norm=0.5, noise_multiplier=2.0, delta=1e-4, max_participations=10
)
RANDOMNESS = KeyedRandomness(key=key_from_seed(0), purpose="noise", round=1)


def test_the_divisor_is_the_planned_cohort_whoever_answered_line_12() -> None:
    off = PLAN.without_privacy()
    for answers in (1, 25, 80):
        average = private_average(torch.full((4,), float(answers)), plan=off, randomness=RANDOMNESS)
        assert torch.equal(average, torch.full((4,), answers / 50))


@pytest.mark.parametrize("answers", [0, 1, 50])
def test_the_noise_is_z_times_the_clip_norm_whoever_answered_lines_11_and_12(answers: int) -> None:
    total = torch.full((100_000,), float(answers))
    noise = private_average(total, plan=PLAN, randomness=RANDOMNESS).double() * 50 - answers
    assert noise.std().item() == pytest.approx(2.0 * 0.5, rel=0.01)
    assert noise.mean().item() == pytest.approx(0.0, abs=0.015)


def test_the_noise_is_the_keyed_stream_and_nothing_else() -> None:
    expected = torch.from_numpy(gaussian_noise(5, standard_deviation=1.0, randomness=RANDOMNESS)) / 50
    assert torch.equal(private_average(torch.zeros(5), plan=PLAN, randomness=RANDOMNESS), expected.float())


def test_more_noise_is_planned_more_is_added() -> None:
    louder = dataclasses.replace(PLAN, noise_multiplier=4.0)
    quiet, loud = (private_average(torch.zeros(9), plan=plan, randomness=RANDOMNESS) for plan in (PLAN, louder))
    torch.testing.assert_close(loud, 2 * quiet)


def test_deployed_noise_differs_each_time_line_15() -> None:
    torch.manual_seed(0)
    first = private_average(torch.zeros(9), plan=PLAN, randomness=OperatingSystemRandomness())
    torch.manual_seed(0)
    assert not torch.equal(first, private_average(torch.zeros(9), plan=PLAN, randomness=OperatingSystemRandomness()))
