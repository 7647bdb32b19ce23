import json

import pytest

from client.keys.key_file import read_key_file
from tests.client.conftest import PASSPHRASE, everything_in
from tests.client.prepared import typed


@pytest.fixture
def place(headless, tmp_path):
    return tmp_path / "new" / "profile"


def test_a_profile_is_made_and_the_next_step_is_said(place):
    ran = typed("init", "--dir", place)
    assert (ran.code, ran.err) == (0, "")
    assert f"Made a profile in {place}. There is no keyring here" in ran.out
    assert "sottovoce-client consent grant listening" in ran.out
    assert PASSPHRASE not in ran.out
    assert read_key_file(place / "keys.json").current.by_keyring is None


def test_as_json_it_says_where_and_whether_a_keyring_opens_it(place):
    assert json.loads(typed("init", "--json", "--dir", place).out) == {"profile": str(place), "in_keyring": False}


def test_the_budget_of_a_new_profile_is_the_documented_one(place):
    typed("init", "--dir", place)
    found = json.loads(typed("budget", "--json", "--dir", place).out)
    assert (found["epsilon_cap"], found["monthly_cap"], found["delta"], found["max_participations"]) == (
        20.0,
        8.0,
        1e-6,
        500,
    )


def test_a_second_time_is_refused_and_nothing_is_changed(place, headless):
    typed("init", "--dir", place)
    before = everything_in(place, headless)
    ran = typed("init", "--dir", place)
    assert (ran.code, ran.out) == (2, "")
    assert (
        ran.err == f"sottovoce-client: profile: {place} is one already; use it, or choose another folder with --dir\n"
    )
    assert everything_in(place, headless) == before


def test_without_a_passphrase_or_a_terminal_it_says_what_to_set(place, monkeypatch):
    monkeypatch.delenv("SOTTOVOCE_PASSPHRASE")
    ran = typed("init", "--dir", place)
    assert (ran.code, ran.out) == (2, "")
    assert "a profile needs a recovery passphrase; set SOTTOVOCE_PASSPHRASE, or start it in a terminal" in ran.err
    assert not place.exists()


def test_a_weak_passphrase_is_refused_and_not_repeated(place, monkeypatch):
    monkeypatch.setenv("SOTTOVOCE_PASSPHRASE", "zqweak")
    ran = typed("init", "--dir", place)
    assert (ran.code, ran.out) == (2, "")
    assert "6 characters; take at least 10" in ran.err
    assert "zqweak" not in ran.err
    assert not place.exists()


@pytest.mark.parametrize("inside", ["file", "file/deeper"])
def test_where_no_folder_can_be_made_it_is_a_sentence(place, tmp_path, headless, inside):
    (tmp_path / "file").write_text("of somebody")
    ran = typed("init", "--dir", tmp_path / inside)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "choose another" in ran.err
    assert (tmp_path / "file").read_text() == "of somebody"
    assert not list(headless.rglob("*.json"))
