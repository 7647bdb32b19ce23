import numpy as np
import pytest

from simulations.simulated_listeners.population import FEWEST_PLAYS
from simulations.simulated_listeners.sessions import draw_sessions


@pytest.fixture(scope="module")
def sessions():
    return draw_sessions(2_000, 120.0, rng=np.random.default_rng(0))


def test_nobody_has_too_few_plays_to_hold_some_out(sessions):
    assert sessions.plays.min() == FEWEST_PLAYS


def test_mean_plays_is_what_was_asked_for(sessions):
    # an exponential of mean 80: standard error 80 / sqrt(2000) = 1.8; its tail cut at 600 costs 0.1
    assert sessions.plays.mean() == pytest.approx(120, abs=6)


def test_lengths_descend_so_that_the_active_listeners_are_the_first_rows(sessions):
    assert (np.diff(sessions.plays) <= 0).all()


def test_times_increase(sessions):
    assert (np.diff(sessions.started_at_s, axis=1) > 0).all()


def test_a_session_begins_exactly_after_a_gap_of_an_hour_or_more(sessions):
    gaps_s = np.diff(sessions.started_at_s, axis=1)
    assert np.array_equal(sessions.begins[:, 1:], gaps_s >= 3_600)
    assert sessions.begins[:, 0].all()


def test_a_session_has_eight_plays_on_average(sessions):
    assert 1 / sessions.begins[:, 1:].mean() == pytest.approx(8, rel=0.02)
