from client.checkin.due import standings
from client.checkin.shipped import shipped
from tests.client.checkin.forms import DAY_S, form, slider

NOW_S = 1_000 * DAY_S


def due(*checkins):
    return {each.instrument.name for each in standings(shipped(), checkins, now_s=NOW_S) if each.due}


def test_at_first_everything_is_due_and_of_k6_and_k10_the_k6():
    assert due() == {"affective_slider", "who5", "k6"}


def test_each_has_its_own_interval():
    def all_answered(days_ago):
        at_s = NOW_S - days_ago * DAY_S
        return slider(at_s, 0.1), form("who5", at_s, 3), form("k6", at_s, 1)

    assert due(*all_answered(0.9)) == set()
    assert due(*all_answered(1)) == {"affective_slider"}
    assert due(*all_answered(14)) == {"affective_slider", "who5"}
    assert due(*all_answered(30)) == {"affective_slider", "who5", "k6"}


def test_who_answers_the_k10_is_asked_the_k10_and_not_the_k6():
    answered = form("k6", NOW_S - 70 * DAY_S, 1), form("k10", NOW_S - 31 * DAY_S, 2)
    assert due(*answered) == {"affective_slider", "who5", "k10"}
    assert due(*answered, form("k10", NOW_S - 5 * DAY_S, 2)) == {"affective_slider", "who5"}
    assert due(*answered, form("k6", NOW_S - 30 * DAY_S, 2)) == {"affective_slider", "who5", "k6"}


def test_when_each_was_last_answered():
    found = standings(shipped(), [slider(NOW_S - 50, 0.1), slider(NOW_S - 900, 0.1)], now_s=NOW_S)
    assert {each.instrument.name: each.last_at_s for each in found} == {
        "affective_slider": NOW_S - 50,
        "who5": None,
        "k6": None,
        "k10": None,
    }


def test_a_check_in_from_the_future_is_not_due():
    assert "affective_slider" not in due(slider(NOW_S + 100, 0.1))
