import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simulations.evaluation.exposure import catalogue_coverage, popularity_percentile, recommendation_gini

SIZE = 8
recommendations = arrays(np.int64, st.tuples(st.integers(1, 10), st.integers(1, 4)), elements=st.integers(0, SIZE - 1))


def test_coverage_counts_each_track_once():
    assert catalogue_coverage(np.array([[0, 1], [1, 0], [5, 1]]), 6) == 0.5


def test_recommending_every_track_equally_often_leans_nowhere():
    plays = np.array([5.0, 1.0, 1.0, 100.0])
    every = np.array([[0, 1], [2, 3]])
    assert popularity_percentile(every, plays) == pytest.approx(0.5)
    assert recommendation_gini(every, 4) == 0


def test_recommending_the_hit_alone_is_at_the_top():
    plays = np.arange(10.0)
    assert popularity_percentile(np.array([[9], [9]]), plays) == pytest.approx(0.95)
    assert recommendation_gini(np.array([[9], [9]]), 10) == pytest.approx(1 - 1 / 10)


def test_tracks_played_equally_often_share_a_percentile():
    plays = np.array([2.0, 2.0, 9.0, 0.0])
    # below a track played twice: one of four wholly, and half of the two that tie
    assert popularity_percentile(np.array([[0]]), plays) == popularity_percentile(np.array([[1]]), plays) == 0.5


@given(recommendations)
def test_gini_is_the_mean_difference_between_two_tracks(recommended):
    received = np.bincount(recommended.ravel(), minlength=SIZE)
    differences = np.abs(received[:, None] - received[None, :])
    assert recommendation_gini(recommended, SIZE) == pytest.approx(differences.mean() / (2 * received.mean()))
