import numpy as np
import pytest

from simulations.evaluation.bootstrap import interval


def clustered_hits(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ten hits or misses of each of 150 listeners, whose rates differ: mean .4, standard deviation .2."""
    rates = random.beta(2, 3, size=150)
    listener = np.repeat(np.arange(150), 10)
    return (random.random(1_500) < rates[listener]).astype(np.float64), listener


def test_the_interval_holds_the_true_mean_as_often_as_it_says():
    random = np.random.default_rng(0)
    covered = 0
    for seed in range(300):
        low, high = interval(*clustered_hits(random), resamples=200, seed=seed)
        covered += low <= 0.4 <= high
    # 95 % of 300 is 285, give or take 3.8; resampling targets instead of listeners covers 75 %
    assert 270 <= covered <= 297


def test_the_interval_is_that_of_the_normal_approximation_over_listeners():
    hits, listener = clustered_hits(np.random.default_rng(1))
    rates = np.bincount(listener, weights=hits) / 10
    half_width = 1.96 * rates.std(ddof=1) / np.sqrt(150)
    low, high = interval(hits, listener, resamples=4_000, seed=0)
    assert (low, high) == pytest.approx((rates.mean() - half_width, rates.mean() + half_width), abs=0.1 * half_width)


def test_a_listener_with_more_targets_weighs_more():
    values, listener = np.r_[np.ones(90), np.zeros(10)], np.r_[np.zeros(90), np.arange(1, 11)]
    low, high = interval(values, listener.astype(np.int64), resamples=2_000, seed=0)
    # with 11 listeners the large one is absent from 35 % of the draws
    assert low == 0
    assert high > 0.95


def test_the_interval_depends_on_who_shares_a_listener_and_not_on_order_or_names():
    hits, listener = clustered_hits(np.random.default_rng(2))
    shuffled = np.random.default_rng(3).permutation(len(hits))
    expected = interval(hits, listener, resamples=100, seed=5)
    assert interval(hits[shuffled], listener[shuffled] + 1_000, resamples=100, seed=5) == pytest.approx(expected)
    assert interval(hits, np.arange(len(hits)), resamples=100, seed=5) != pytest.approx(expected)


def test_the_seed_decides():
    hits, listener = clustered_hits(np.random.default_rng(4))
    assert interval(hits, listener, resamples=50, seed=1) == interval(hits, listener, resamples=50, seed=1)
    assert interval(hits, listener, resamples=50, seed=1) != interval(hits, listener, resamples=50, seed=2)


def test_equal_values_leave_no_doubt():
    assert interval(np.full(6, 0.25), np.array([0, 0, 1, 1, 2, 2]), resamples=10, seed=0) == (0.25, 0.25)
