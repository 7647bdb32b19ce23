"""Links open once, cookies last, and nothing that was changed, borrowed or is too old does either."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.web.session import LINK_S, SESSION_S, Entrance, new_link, page_key

KEY, OTHER = page_key(bytes(32)), page_key(bytes([1] * 32))
NOW_S = 1_790_000_000


def entrance(key: bytes = KEY, began_s: int = NOW_S) -> Entrance:
    return Entrance(key, began_s=began_s)


def test_a_link_opens_once():
    door, link = entrance(), new_link(KEY, now_s=NOW_S)
    assert door.enter(link, now_s=NOW_S) is not None
    assert door.enter(link, now_s=NOW_S + 1) is None
    assert door.enter(new_link(KEY, now_s=NOW_S), now_s=NOW_S) is not None


def test_a_link_lasts_ten_minutes():
    link = new_link(KEY, now_s=NOW_S)
    assert entrance().enter(link, now_s=NOW_S + LINK_S - 1) is not None
    assert entrance().enter(link, now_s=NOW_S + LINK_S) is None


def test_a_link_from_before_the_server_began_may_have_been_used_and_is_refused():
    assert entrance(began_s=NOW_S + 1).enter(new_link(KEY, now_s=NOW_S), now_s=NOW_S + 2) is None


def test_a_link_of_another_profile_is_refused():
    assert entrance().enter(new_link(OTHER, now_s=NOW_S), now_s=NOW_S) is None


def test_a_cookie_outlives_the_server_and_its_forms_with_it_for_thirty_days():
    session = entrance().enter(new_link(KEY, now_s=NOW_S), now_s=NOW_S)
    later = entrance(began_s=NOW_S + 50)
    assert later.session(session.cookie, now_s=NOW_S + SESSION_S - 1) == session
    assert later.session(session.cookie, now_s=NOW_S + SESSION_S) is None
    assert entrance(OTHER).session(session.cookie, now_s=NOW_S) is None


def test_no_seal_is_taken_for_another_kind():
    door, link = entrance(), new_link(KEY, now_s=NOW_S)
    assert door.session(link, now_s=NOW_S) is None
    session = door.enter(link, now_s=NOW_S)
    assert entrance().enter(session.cookie, now_s=NOW_S) is None
    assert not session.allows(session.cookie)


def test_a_form_is_of_one_session_alone():
    first, second = (entrance().enter(new_link(KEY, now_s=NOW_S), now_s=NOW_S) for _ in range(2))
    assert first.allows(first.mark)
    assert not first.allows(second.mark)
    assert not first.allows("")
    assert not first.allows("é\ud800")


@given(st.data())
def test_a_link_with_any_one_character_changed_is_refused(data):
    link = new_link(KEY, now_s=NOW_S)
    at = data.draw(st.integers(0, len(link) - 1))
    other = data.draw(st.characters().filter(lambda each: each != link[at]))
    assert entrance().enter(link[:at] + other + link[at + 1 :], now_s=NOW_S) is None


@pytest.mark.parametrize("shown", ["", ".", "..", "1", "é", "\ud800", "9999999999.00.", "a" * 100_000])
def test_what_is_no_link_is_refused(shown):
    assert entrance().enter(shown, now_s=NOW_S) is None
    assert entrance().session(shown, now_s=NOW_S) is None
