import numpy as np
import pytest
from scipy.stats import kstest

from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.randomness import KeyedRandomness, OperatingSystemRandomness, Randomness, key_from_seed

N = 200_000


def keyed(seed: int) -> KeyedRandomness:
    return KeyedRandomness(key=key_from_seed(seed), purpose="noise", round=0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_noise_is_gaussian_with_the_asked_deviation_line_11(seed: int) -> None:
    noise = gaussian_noise(N, standard_deviation=2.5, randomness=keyed(seed))
    assert kstest(noise, "norm", args=(0, 2.5)).pvalue > 1e-3
    assert noise.std() == pytest.approx(2.5, rel=4 / np.sqrt(2 * N))


@pytest.mark.parametrize("scale", [0.97, 1.03])
def test_seeded_bug_noise_three_percent_off_would_be_caught(scale: float) -> None:
    noise = scale * gaussian_noise(N, standard_deviation=1.0, randomness=keyed(0))
    assert abs(noise.std() - 1) > 4 / np.sqrt(2 * N)


def test_numbers_are_independent_of_each_other_and_of_other_rounds() -> None:
    noise = gaussian_noise(N, standard_deviation=1.0, randomness=keyed(0))
    other = gaussian_noise(N, standard_deviation=1.0, randomness=keyed(1))
    for left, right in [(noise[1:], noise[:-1]), (noise, other), (np.abs(noise[1:]), np.abs(noise[:-1]))]:
        assert abs(np.corrcoef(left, right)[0, 1]) < 4.5 / np.sqrt(N)


def test_tails_reach_as_far_as_they_should() -> None:
    noise = np.abs(gaussian_noise(N, standard_deviation=1.0, randomness=keyed(0)))
    # 126.7 of 200,000 lie beyond 3.42 standard deviations: expected 125.2, deviation 11.2
    assert abs((noise > 3.42).sum() - 125.2) < 4 * 11.2
    assert np.isfinite(noise).all()


@pytest.mark.parametrize("randomness", [keyed(0), OperatingSystemRandomness()])
def test_no_deviation_is_no_noise_and_no_size_is_none(randomness: Randomness) -> None:
    assert not gaussian_noise(10, standard_deviation=0.0, randomness=randomness).any()
    assert gaussian_noise(0, standard_deviation=1.0, randomness=randomness).shape == (0,)


def test_noise_from_the_operating_system_is_never_the_same() -> None:
    draws = [gaussian_noise(4, standard_deviation=1.0, randomness=OperatingSystemRandomness()) for _ in range(2)]
    assert not np.array_equal(*draws)
