import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import StatementError

from client.checkin.record import delete_before, delete_latest, read_all, save
from client.checkin.shipped import instrument_named
from client.store.tables import answers, checkins

K6, SLIDER = instrument_named("k6"), instrument_named("affective_slider")
SOME = dict(zip((item.id for item in K6.items), (0, 1, None, 3, 4, 4), strict=True))
ALL = SOME | {"restless": 2}


def rows(engine, table):
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_what_is_saved_is_read_again_oldest_first(mood):
    later = save(mood, K6, ALL, at_s=200)
    earlier = save(mood, SLIDER, {"pleasure": 0.6, "arousal": None}, at_s=100)
    assert read_all(mood) == [earlier, later]
    assert later.score == 14


def test_a_skipped_question_is_stored_as_skipped_and_gives_no_score(mood):
    save(mood, K6, SOME, at_s=100)
    (found,) = read_all(mood)
    assert found.answers == SOME
    assert found.score is None


def test_answers_to_other_questions_are_refused_and_nothing_is_stored(mood):
    with pytest.raises(ValueError, match="not those of k6's items"):
        save(mood, K6, {"pleasure": 0.5}, at_s=100)
    assert rows(mood, checkins) == 0


def test_a_check_in_is_stored_whole_or_not_at_all(mood):
    with pytest.raises(StatementError, match="must be a string or a real number"):
        save(mood, K6, SOME | {"nervous": object()}, at_s=100)
    assert (rows(mood, checkins), rows(mood, answers)) == (0, 0)


def test_deleting_takes_the_answers_along(mood):
    for at_s in (100, 200, 300):
        save(mood, K6, SOME, at_s=at_s)
    assert delete_before(mood, 200) == 1
    assert [checkin.at_s for checkin in read_all(mood)] == [200, 300]
    assert rows(mood, answers) == 12


def test_the_last_check_in_of_an_instrument_can_be_taken_back(mood):
    save(mood, K6, ALL, at_s=100)
    save(mood, K6, ALL, at_s=200)
    save(mood, SLIDER, {"pleasure": 0.6, "arousal": None}, at_s=300)
    assert delete_latest(mood, "k6")
    assert [checkin.at_s for checkin in read_all(mood)] == [100, 300]
    assert delete_latest(mood, "k6")
    assert not delete_latest(mood, "k6")
