from dataclasses import replace

import numpy as np
import pytest

from shared_model.head.psychological_state import STATE_FEATURES
from simulations.simulated_listeners.checkins import states_before_plays
from simulations.simulated_listeners.mood import Moods, draw_moods, draw_temperaments
from simulations.simulated_listeners.sessions import Sessions, draw_sessions


@pytest.fixture(scope="module")
def listeners():
    rng = np.random.default_rng(0)
    sessions = draw_sessions(300, 80.0, rng=rng)
    temperament = draw_temperaments(300, rng=rng)
    return sessions, temperament, draw_moods(temperament, sessions.started_at_s, rng=rng)


def _states(listeners, *, checkin_rate: float, seed: int = 5) -> dict[str, np.ndarray]:
    states = states_before_plays(*listeners, checkin_rate=checkin_rate, rng=np.random.default_rng(seed))
    return dict(zip(STATE_FEATURES, np.moveaxis(states, -1, 0), strict=True))


def test_nobody_answers_at_rate_zero(listeners):
    assert all(np.isnan(feature).all() for feature in _states(listeners, checkin_rate=0.0).values())


def test_every_session_begins_with_a_checkin_at_rate_one(listeners):
    states = _states(listeners, checkin_rate=1.0)
    assert np.array_equal(states["slider_age"] == 0, listeners[0].begins)


def test_the_rate_is_the_mean_share_of_sessions_with_a_checkin(listeners):
    states = _states(listeners, checkin_rate=0.4)
    assert (states["slider_age"] == 0)[listeners[0].begins].mean() == pytest.approx(0.4, abs=0.04)
    assert not (states["slider_age"] == 0)[~listeners[0].begins].any()


def test_more_checkins_leave_fewer_plays_without_an_answer(listeners):
    missing = [np.isnan(_states(listeners, checkin_rate=rate)["valence"]).mean() for rate in (0.1, 0.4, 0.8)]
    assert missing[0] > missing[1] + 0.1 > missing[2] + 0.2


def test_features_keep_to_their_ranges(listeners):
    for name, feature in _states(listeners, checkin_rate=0.6).items():
        lowest = -1 if name in ("valence", "arousal") else 0
        known = feature[~np.isnan(feature)]
        assert lowest <= known.min() <= known.max() <= 1
        assert known.std() > 0.05, name


def test_later_moods_never_change_earlier_states(listeners):
    sessions, temperament, moods = listeners
    cut = 30
    later = Moods(
        valence=np.where(np.arange(moods.valence.shape[1]) < cut, moods.valence, -moods.valence),
        arousal=np.where(np.arange(moods.arousal.shape[1]) < cut, moods.arousal, 0.9),
    )
    before = _states(listeners, checkin_rate=0.7)
    after = _states((sessions, temperament, later), checkin_rate=0.7)
    assert all(np.array_equal(before[name][:, :cut], after[name][:, :cut], equal_nan=True) for name in STATE_FEATURES)
    assert not np.array_equal(before["valence"], after["valence"], equal_nan=True)


def test_sliders_and_their_variability_agree_with_a_slow_reading_of_the_checkins(listeners):
    """Replays each history play by play from the answers that show at age zero."""
    sessions = listeners[0]
    states = _states(listeners, checkin_rate=0.8)
    compared = 0
    for row in range(40):
        standing, given, set_at_h = np.nan, [], None
        for play, started_at_s in enumerate(sessions.started_at_s[row]):
            now_h = started_at_s / 3_600
            if states["slider_age"][row, play] == 0:
                standing, set_at_h = states["valence"][row, play], now_h
                given += [] if np.isnan(standing) else [standing]
            if set_at_h is None or now_h - set_at_h > 168:
                assert np.isnan(
                    [states[name][row, play] for name in ("valence", "slider_age", "valence_variability")]
                ).all()
                continue
            age = np.log1p(now_h - set_at_h) / np.log1p(168)
            assert states["slider_age"][row, play] == pytest.approx(age, abs=1e-6)
            assert states["valence"][row, play] == pytest.approx(standing, nan_ok=True)
            deviation = np.std(given[-14:]) if len(given) >= 3 else np.nan
            assert states["valence_variability"][row, play] == pytest.approx(deviation, abs=1e-6, nan_ok=True)
            compared += len(given) > 14
    assert compared > 100


def test_a_fresh_answer_is_the_mood_of_that_moment(listeners):
    fresh = _states(listeners, checkin_rate=1.0)
    at_checkin = (fresh["slider_age"] == 0) & ~np.isnan(fresh["arousal"])
    assert (
        np.abs(fresh["arousal"] - listeners[2].arousal)[at_checkin].max() < 0.3
    )  # six deviations of the slider's noise


def test_recent_variability_tells_who_is_variable(listeners):
    known = _states(listeners, checkin_rate=1.0)["valence_variability"][:, 70]
    answered = ~np.isnan(known)
    assert np.corrcoef(known[answered], np.log(listeners[1].variability)[answered])[0, 1] > 0.5


def test_distress_follows_low_and_unsteady_mood_and_wellbeing_the_reverse():
    rng = np.random.default_rng(6)
    people = draw_temperaments(3_000, rng=rng)
    once = Sessions(
        plays=np.ones(3_000, dtype=np.int64),
        started_at_s=np.zeros((3_000, 1)),
        begins=np.ones((3_000, 1), dtype=np.bool_),
    )

    def mean(name: str, **changes: np.ndarray) -> float:
        of = replace(people, **changes)
        return float(
            np.nanmean(_states((once, of, draw_moods(of, once.started_at_s, rng=rng)), checkin_rate=1.0)[name])
        )

    low, variable = {"valence": people.valence - 0.4}, {"variability": 2 * people.variability}
    assert mean("k6") + 0.02 < min(mean("k6", **low), mean("k6", **variable))
    assert mean("who5") - 0.02 > max(mean("who5", **low), mean("who5", **variable))
    k6_points = _states((once, people, draw_moods(people, once.started_at_s, rng=rng)), checkin_rate=1.0)["k6"] * 24
    assert np.nanmax(np.abs(k6_points - np.round(k6_points))) < 1e-5
