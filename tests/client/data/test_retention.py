"""What is older than its owner wants deletes itself when the profile is opened (privacy requirement 31)."""

import time
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select

from client.data import retention
from client.data.retention import apply_retention
from client.profile import open_profile
from client.settings import RetentionSettings
from client.store.tables import answers, checkins, listens, personal_heads, recordings
from tests.client.prepared import pages, typed

DAY_S, NOW_S = 86_400, 1_750_000_000
TITLE = "Zqtitle Grün"


def play(history, *ages_s, now_s=NOW_S):
    with history.begin() as connection:
        for number, age_s in enumerate(ages_s, 1):
            row = {"identity": f"{TITLE}{number}", "artist": "a", "title": f"{TITLE}{number}"}
            connection.execute(insert(recordings).values(id=number, **row))
            connection.execute(insert(listens).values(recording_id=number, started_at_s=int(now_s) - age_s))


def check_in(mood, *ages_s, now_s=NOW_S):
    with mood.begin() as connection:
        for number, age_s in enumerate(ages_s, 1):
            row = {"at_s": int(now_s) - age_s, "instrument": "k6", "instrument_version": 1, "score": 7.0}
            connection.execute(insert(checkins).values(id=number, **row))
            connection.execute(insert(answers).values(checkin_id=number, item="sad", value=2.0))


def ages(engine, column):
    with engine.connect() as connection:
        return sorted(NOW_S - at_s for at_s in connection.execute(select(column)).scalars())


def test_older_plays_and_answers_go_and_younger_stay(history, mood):
    play(history, 0, 30 * DAY_S, 30 * DAY_S + 1, 900 * DAY_S)
    check_in(mood, 0, 7 * DAY_S, 7 * DAY_S + 1)
    apply_retention(history, mood, RetentionSettings(listens_days=30, answers_days=7), now_s=NOW_S + 0.9)
    assert ages(history, listens.c.started_at_s) == [0, 30 * DAY_S]
    assert ages(mood, checkins.c.at_s) == [0, 7 * DAY_S]
    with mood.connect() as connection:
        assert connection.execute(select(func.count()).select_from(answers)).scalar_one() == 2
    with history.connect() as connection:
        assert connection.execute(select(func.count()).select_from(recordings)).scalar_one() == 2


@pytest.mark.parametrize(
    ("limits", "plays", "answered"),
    [(RetentionSettings(), 1, 1), (RetentionSettings(listens_days=1), 0, 1), (RetentionSettings(answers_days=1), 1, 0)],
)
def test_each_limit_is_for_its_own_and_by_default_there_is_none(history, mood, limits, plays, answered):
    play(history, 20_000 * DAY_S)
    check_in(mood, 20_000 * DAY_S)
    apply_retention(history, mood, limits, now_s=NOW_S)
    assert (len(ages(history, listens.c.started_at_s)), len(ages(mood, checkins.c.at_s))) == (plays, answered)


def test_where_no_answer_was_ever_given_plays_go_all_the_same(history):
    play(history, 3 * DAY_S)
    apply_retention(history, None, RetentionSettings(listens_days=1, answers_days=1), now_s=NOW_S)
    assert ages(history, listens.c.started_at_s) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(st.integers(-DAY_S, 400 * DAY_S), max_size=8, unique=True), st.integers(1, 300))
def test_exactly_what_is_older_goes_and_doing_it_again_changes_nothing(history, taken, days):
    with history.begin() as connection:
        connection.execute(delete(listens))
        connection.execute(delete(recordings))
    play(history, *taken)
    for _ in range(2):
        apply_retention(history, None, RetentionSettings(listens_days=days), now_s=NOW_S)
        assert ages(history, listens.c.started_at_s) == sorted(age for age in taken if age <= days * DAY_S)


def test_opening_the_profile_is_enough_and_no_page_keeps_what_went(folder):
    now_s = time.time()
    with open_profile(folder) as profile:
        play(profile.history, 40 * DAY_S, now_s=now_s)
        check_in(profile.mood_for_writing(), DAY_S // 2, 40 * DAY_S, now_s=now_s)
        key = profile._keys.data
    assert TITLE.encode() in pages(folder / "store.db", key)
    with open_profile(folder) as profile, profile.history.connect() as connection:  # nothing by default
        assert connection.execute(select(func.count()).select_from(listens)).scalar_one() == 1
    assert typed("settings", "retention.listens_days=30", "retention.answers_days=30", "--dir", folder).code == 0
    with open_profile(folder) as profile:
        with profile.history.connect() as connection:
            assert connection.execute(select(func.count()).select_from(listens)).scalar_one() == 0
        with profile.mood().connect() as connection:
            assert connection.execute(select(checkins.c.id)).scalars().all() == [1]
    assert TITLE.encode() not in pages(folder / "store.db", key)
    assert not [path for path in folder.glob("*.db-*") if path.stat().st_size]


@pytest.mark.parametrize("days", ["36525", "1"])
def test_the_longest_and_the_shortest_limit_open_the_profile(folder, days):
    assert (
        typed("settings", f"retention.listens_days={days}", f"retention.answers_days={days}", "--dir", folder).code == 0
    )
    assert typed("consent", "list", "--dir", folder).code == 0


def test_a_limit_beyond_a_century_is_refused(folder):
    ran = typed("settings", "retention.listens_days=99999999999999999999999", "--dir", folder)
    assert ran.code == 2
    assert typed("consent", "list", "--dir", folder).code == 0


@pytest.mark.parametrize("stopped", ["forget_heads", "delete_before", "compact"])
def test_stopped_between_any_two_steps_the_next_opening_leaves_no_answer_and_no_head_that_learned_of_it(
    history, mood, monkeypatch, stopped
):
    check_in(mood, 40 * DAY_S)
    row = {"release_sha256": "0", "made_at_s": 1, "tensors": b"t", "evaluation": '{"moods": true}', "in_use": True}
    with history.begin() as connection:
        connection.execute(insert(personal_heads).values(**row))
    limits = RetentionSettings(answers_days=30)
    with monkeypatch.context() as patch:
        patch.setattr(retention, stopped, Mock(side_effect=OSError("the end")))
        with pytest.raises(OSError, match="the end"):
            apply_retention(history, mood, limits, now_s=NOW_S)
    apply_retention(history, mood, limits, now_s=NOW_S)
    assert ages(mood, checkins.c.at_s) == []
    with history.connect() as connection:
        assert connection.execute(select(func.count()).select_from(personal_heads)).scalar_one() == 0
