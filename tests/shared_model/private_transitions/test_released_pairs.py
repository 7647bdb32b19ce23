import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from shared_model.errors import BadInput
from shared_model.privacy.randomness import KeyedRandomness, OperatingSystemRandomness, key_from_seed
from shared_model.private_transitions.released_pairs import counted_pairs, release_pairs
from shared_model.private_transitions.transition_plan import plan_transitions

MOST = 20


def keyed(round_: int) -> KeyedRandomness:
    return KeyedRandomness(key=key_from_seed(5), purpose="test", round=round_)


def pairs(*keys: int) -> np.ndarray:
    return np.array(keys, dtype=np.int64)


CONTRIBUTIONS = st.lists(st.sets(st.integers(0, 30), max_size=MOST).map(sorted), max_size=12)


@given(contributions=CONTRIBUTIONS, one=st.sets(st.integers(0, 40), max_size=MOST).map(sorted))
@settings(max_examples=60)
def test_one_device_moves_the_counts_by_no_more_than_was_planned(
    contributions: list[list[int]], one: list[int]
) -> None:
    before, after = np.zeros(41), np.zeros(41)
    for counts, devices in ((before, contributions), (after, [*contributions, one])):
        keys, heard = counted_pairs([pairs(*each) for each in devices], most=MOST)
        counts[keys] = heard
    assert np.linalg.norm(after - before) <= np.sqrt(MOST)


def test_a_device_that_says_too_much_or_one_thing_twice_is_refused() -> None:
    for said in (pairs(*range(MOST + 1)), pairs(3, 3), pairs(4, 3)):
        with pytest.raises(BadInput, match="at most 20 each once"):
            counted_pairs([pairs(1, 2), said], most=MOST)


def test_what_one_device_alone_played_is_released_as_rarely_as_was_planned() -> None:
    plan = plan_transitions(population=5, pairs=MOST, epsilon=2.0, delta=0.1)
    keys, devices = pairs(*range(MOST)), np.ones(MOST, np.int64)
    trials = 4_000
    seen = sum(
        len(release_pairs(keys, devices, plan=plan, randomness=keyed(trial)).keys) > 0 for trial in range(trials)
    )
    assert binom.sf(seen - 1, trials, plan.unseen_delta) > 1e-6
    assert binom.cdf(seen, trials, plan.unseen_delta) > 1e-6  # nor is the threshold higher than it must be


def test_what_enough_devices_played_is_released_about_as_often_as_they_did() -> None:
    plan = plan_transitions(population=1_000, pairs=MOST, epsilon=2.0, delta=1e-4)
    often = int(plan.threshold) + 60
    keys, devices = pairs(*range(500)), np.full(500, often)
    found = release_pairs(keys, devices, plan=plan, randomness=keyed(0))
    chance = norm.sf((plan.threshold - often) / plan.privacy.noise_standard_deviation)
    assert len(found.keys) / 500 == pytest.approx(chance, abs=0.02)
    error = found.devices - often
    assert abs(error.mean()) < 5 * plan.privacy.noise_standard_deviation / np.sqrt(500)
    assert error.std() == pytest.approx(plan.privacy.noise_standard_deviation, rel=0.15)


def test_nothing_is_ever_released_that_nobody_played() -> None:
    plan = plan_transitions(population=90, pairs=MOST, epsilon=8.0, delta=0.01)
    keys, devices = counted_pairs([pairs(7, 11)] * 90, most=MOST)
    for trial in range(200):
        assert set(release_pairs(keys, devices, plan=plan, randomness=keyed(trial)).keys) <= {7, 11}
    empty = release_pairs(*counted_pairs([], most=MOST), plan=plan, randomness=keyed(0))
    assert len(empty.keys) == 0


def test_an_extrapolation_is_the_same_counts_of_so_many_more_devices() -> None:
    plan = plan_transitions(population=5_000, pairs=MOST, epsilon=2.0, delta=1e-4)
    keys, devices = pairs(1, 2, 3), np.array([1, 5, 50])
    scaled = release_pairs(keys, devices, plan=plan, randomness=keyed(3), scale=100.0)
    real = release_pairs(keys, 100 * devices, plan=plan, randomness=keyed(3))
    np.testing.assert_array_equal(scaled.keys, real.keys)
    np.testing.assert_allclose(scaled.devices * 100, real.devices, rtol=1e-5)


def test_the_noise_says_where_it_came_from() -> None:
    plan = plan_transitions(population=90, pairs=MOST, epsilon=8.0, delta=0.01)
    counts = (pairs(1), np.array([80]))
    assert release_pairs(*counts, plan=plan, randomness=keyed(0)).noise == "reproducible"
    drawn = [release_pairs(*counts, plan=plan, randomness=OperatingSystemRandomness()) for _ in range(2)]
    assert drawn[0].noise == "operating system"
    assert drawn[0].devices != drawn[1].devices
