import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.checkin.checkin import Checkin
from client.checkin.state import k6_score, states_at
from shared_model.head.psychological_state import STATE_FEATURES
from simulations.simulated_listeners import checkins as simulated
from simulations.simulated_listeners.mood import draw_moods, draw_temperaments
from simulations.simulated_listeners.sessions import draw_sessions
from tests.client.checkin.forms import DAY_S, HOUR_S, form, slider

NOW_S = 1_700_000_000


def state(checkins, at_s=NOW_S):
    return dict(zip(STATE_FEATURES, states_at(checkins, np.array([at_s], dtype=float))[0].tolist(), strict=True))


def slow_state(checkins, at_s):
    """One moment, read from the definitions."""

    def latest(*names, lasts_h):
        before = [each for each in checkins if each.instrument in names and each.at_s < at_s]
        last = max(before, key=lambda each: each.at_s, default=None)
        return last if last is not None and (at_s - last.at_s) / 3600 <= lasts_h else None

    def age(checkin, lasts_h):
        return math.nan if checkin is None else math.log(1 + (at_s - checkin.at_s) / 3600) / math.log(1 + lasts_h)

    def number(value):
        return math.nan if value is None else value

    slid = latest("affective_slider", lasts_h=168)
    kessler, who5 = latest("k6", "k10", lasts_h=1440), latest("who5", lasts_h=1440)
    found = {
        "k6": math.nan if kessler is None or k6_score(kessler) is None else k6_score(kessler) / 24,
        "who5": math.nan if who5 is None else number(who5.score) / 100,
        "slider_age": age(slid, 168),
        "questionnaire_age": age(latest("k6", "k10", "who5", lasts_h=1440), 1440),
    }
    for feature, item in (("valence", "pleasure"), ("arousal", "arousal")):
        found[feature] = math.nan if slid is None else 2 * number(slid.answers[item]) - 1
        given = [
            2 * each.answers[item] - 1
            for each in sorted(checkins, key=lambda each: each.at_s)
            if each.instrument == "affective_slider" and each.at_s < at_s and each.answers[item] is not None
        ]
        enough = slid is not None and len(given) >= 3
        found[f"{feature}_variability"] = statistics.pstdev(given[-14:]) if enough else math.nan
    return [found[name] for name in STATE_FEATURES]


slides = st.none() | st.integers(-100, 100).map(lambda hundredths: hundredths / 100)
times = st.integers(0, 400 * 24).map(lambda hours: float(NOW_S + hours * HOUR_S))


@st.composite
def histories(draw):
    """Check-ins at different times; about a third of the questionnaires with a question skipped."""
    found = []
    for at_s in draw(st.lists(times, max_size=40, unique=True)):
        name = draw(st.sampled_from(["affective_slider", "affective_slider", "k6", "k10", "who5"]))
        if name == "affective_slider":
            found.append(slider(at_s, draw(slides), draw(slides)))
            continue
        count = {"k6": 6, "k10": 10, "who5": 5}[name]
        value = st.integers(1, 4)
        skipping = draw(st.sampled_from([False, False, True]))
        found.append(form(name, at_s, *(draw(value | st.none() if skipping else value) for _ in range(count))))
    return found


@given(histories(), st.lists(times, min_size=1, max_size=8))
def test_all_moments_at_once_are_each_moment_by_itself(checkins, moments):
    expected = [slow_state(checkins, at_s) for at_s in moments]
    np.testing.assert_allclose(states_at(checkins, np.array(moments)), expected, atol=1e-6)


@given(histories(), st.lists(times, min_size=1, max_size=8), st.lists(slides, min_size=1, max_size=5))
def test_what_is_answered_at_or_after_a_play_changes_nothing_for_it(checkins, moments, later):
    after = [slider(max(moments) + number, value, value) for number, value in enumerate(later)]
    at_s = np.array(moments)
    np.testing.assert_array_equal(states_at(checkins, at_s), states_at([*checkins, *after], at_s))


def test_it_agrees_with_what_simulated_listeners_have(monkeypatch):
    """The simulation draws answers and says which features they make; the same answers are stored here as check-ins."""
    rng = np.random.default_rng(3)
    sessions = draw_sessions(12, 150.0, rng=rng)
    temperament = draw_temperaments(12, rng=rng)
    moods = draw_moods(temperament, sessions.started_at_s, rng=rng)
    shape = sessions.started_at_s.shape
    slid = [np.where(rng.random(shape) < 0.1, np.nan, rng.uniform(-1, 1, shape)) for _ in range(2)]
    filled = [np.where(rng.random(shape) < 0.2, np.nan, rng.integers(0, 25, shape) / 24) for _ in range(2)]
    turns = iter(slid)
    monkeypatch.setattr(simulated, "_slide", lambda mood, *, rng: next(turns))
    monkeypatch.setattr(simulated, "_fill_in", lambda temperament, shape, *, rng: tuple(filled))
    monkeypatch.setattr(simulated, "_QUESTIONNAIRE_AGAIN", 1.0)  # at each check-in, so that it is known when
    expected = simulated.states_before_plays(sessions, temperament, moods, checkin_rate=1.0, rng=rng)

    def known(value, factor):
        return None if np.isnan(value) else float(value) * factor

    def filled_in(name, at_s, score):
        return Checkin(at_s=at_s, instrument=name, instrument_version=1, score=score, answers={})

    for listener in range(shape[0]):
        stored = []
        for play in np.flatnonzero(sessions.begins[listener]):
            at_s = sessions.started_at_s[listener, play] - 1e-3  # right before the play
            stored.append(slider(at_s, *(known(each[listener, play], 1) for each in slid)))
            stored.append(filled_in("k6", at_s, known(filled[0][listener, play], 24)))
            stored.append(filled_in("who5", at_s, known(filled[1][listener, play], 100)))
        found = states_at(stored, sessions.started_at_s[listener])
        np.testing.assert_allclose(found, expected[listener], atol=1e-5)
    assert np.isnan(expected).mean() < 0.5  # else little was compared


def test_nothing_answered_is_nothing_known():
    assert np.isnan(states_at([], np.array([1.0, 2.0]))).all()
    assert states_at([], np.array([])).shape == (0, len(STATE_FEATURES))
    assert states_at([], np.array([1.0])).dtype == np.float32


def test_sliders_are_stretched_and_forms_scaled():
    found = state([slider(NOW_S - 60, 0.2, -0.4), form("k6", NOW_S - 60, 1), form("who5", NOW_S - 60, 3)])
    assert found["valence"] == pytest.approx(0.2)
    assert found["arousal"] == pytest.approx(-0.4)
    assert found["k6"] == 0.25
    assert found["who5"] == pytest.approx(0.6)
    assert math.isnan(found["valence_variability"])


def test_a_mood_of_the_same_second_is_not_read_since_it_may_follow_the_play():
    assert math.isnan(state([slider(NOW_S, 0.2)])["valence"])
    assert state([slider(NOW_S - 1, 0.2)])["valence"] == pytest.approx(0.2)


def test_a_slider_stands_for_a_week_and_a_form_for_sixty_days():
    asked = [slider(NOW_S, 0.2, 0.3), form("k6", NOW_S, 2), form("who5", NOW_S, 2)]
    at_the_end = state(asked, NOW_S + 168 * HOUR_S)
    assert (at_the_end["slider_age"], at_the_end["valence"]) == (1, pytest.approx(0.2))
    a_week_later = state(asked, NOW_S + 168 * HOUR_S + 1)
    assert math.isnan(a_week_later["valence"])
    assert math.isnan(a_week_later["slider_age"])
    assert a_week_later["k6"] == 0.5
    assert state(asked, NOW_S + 60 * DAY_S)["questionnaire_age"] == 1
    assert all(math.isnan(value) for value in state(asked, NOW_S + 60 * DAY_S + 1).values())


def test_a_skipped_question_is_unanswered_also_where_it_was_answered_before():
    found = state([slider(NOW_S - 100, 0.2, 0.5), slider(NOW_S - 50, None, 0.7)])
    assert math.isnan(found["valence"])
    assert found["arousal"] == pytest.approx(0.7)


def test_a_k10_holds_the_k6():
    k10 = form("k10", NOW_S - 60, 5, 2, 5, 3, 4, 5, 5, 1, 5, 2)  # nervous 2, hopeless 3, restless 4, cheerless 1, ...
    assert k6_score(k10) == 1 + 2 + 3 + 0 + 4 + 1
    assert state([k10])["k6"] == pytest.approx(11 / 24)


def test_a_k10_with_one_of_the_other_four_skipped_still_holds_the_k6():
    k10 = form("k10", NOW_S - 60, None, 1, 1, 1, 1, 1, None, 1, 1, 1)
    assert k10.score is None
    assert k6_score(k10) == 0
    assert k6_score(form("k10", NOW_S, 1, None, 1, 1, 1, 1, 1, 1, 1, 1)) is None


def test_the_later_of_k6_and_k10_counts():
    found = state([form("k6", NOW_S - 100, 4), form("k10", NOW_S - 50, 1)])
    assert found["k6"] == 0


def test_an_instrument_of_the_listeners_own_is_no_feature():
    own = Checkin(at_s=NOW_S - 5, instrument="panas", instrument_version=1, score=3.0, answers={})
    assert all(math.isnan(value) for value in state([own]).values())


def test_variability_is_that_of_the_last_fourteen_answers():
    calm = [slider(NOW_S - HOUR_S * (100 - i), 0.5, 0.5) for i in range(14)]
    wild = [slider(NOW_S - HOUR_S * (160 - i), (-1) ** i, 0) for i in range(20)]
    assert state([*wild, *calm])["valence_variability"] == pytest.approx(0, abs=1e-7)
    assert state(wild)["valence_variability"] == pytest.approx(1)
