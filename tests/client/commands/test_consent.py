import json

import pytest
from sqlalchemy import insert

from client.consent.purpose import WORDINGS, Purpose
from client.profile import open_profile
from client.store.tables import checkins
from tests.client.prepared import typed


@pytest.fixture
def consent(folder):
    return lambda *arguments: typed("consent", *arguments, "--dir", folder)


def in_force(consent):
    return json.loads(consent("list", "--json").out)["in_force"]


def test_line_28_four_choices_are_listed_in_full_and_all_are_off(consent):
    assert in_force(consent) == {"listening": False, "mood": False, "rounds": False, "lookup": False}
    ran = consent("list")
    assert ran.code == 0
    for purpose, wording in WORDINGS.items():
        assert f" no  {purpose}: {wording.question}" in ran.out
        assert wording.explanation in ran.out


@pytest.mark.parametrize("purpose", Purpose)
def test_line_29_each_is_given_and_ended_in_one_action_and_the_receipts_stay(consent, purpose):
    granted = consent("grant", purpose)
    assert granted.code == 0
    assert WORDINGS[purpose].explanation in granted.out
    assert f"To end it: sottovoce-client consent withdraw {purpose}" in granted.out
    assert [name for name, held in in_force(consent).items() if held] == [purpose]
    assert consent("withdraw", purpose).code == 0
    assert not any(in_force(consent).values())
    receipts = json.loads(consent("list", "--json").out)["receipts"]
    assert [(each["purpose"], each["granted"]) for each in receipts] == [(purpose, True), (purpose, False)]
    assert all(each.keys() == {"purpose", "granted", "wording_version", "at_s"} for each in receipts)


def test_withdrawing_mood_destroys_the_answers_and_says_so(consent, folder):
    with open_profile(folder) as profile, profile.mood_for_writing().begin() as connection:
        connection.execute(insert(checkins).values(at_s=1, instrument="k6", instrument_version=1, score=3.0))
    assert json.loads(consent("grant", "mood", "--json").out) == {
        "purpose": "mood",
        "granted": True,
        "wording_version": WORDINGS[Purpose.MOOD].version,
    }
    ended = json.loads(consent("withdraw", "mood", "--json").out)
    assert ended == {"purpose": "mood", "granted": False, "answers_destroyed": True, "tuned_heads": 0}
    assert not list(folder.glob("mood.db*"))
    assert "destroyed" not in consent("withdraw", "mood").out


def test_withdrawing_what_was_never_given_is_no_mistake(consent):
    assert consent("withdraw", "rounds").code == 0
    assert not any(in_force(consent).values())


@pytest.mark.parametrize("arguments", [("grant",), ("grant", "everything"), ("grant", "mood", "rounds"), ("agree",)])
def test_anything_else_is_a_sentence_and_decides_nothing(consent, arguments):
    ran = consent(*arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert json.loads(consent("list", "--json").out)["receipts"] == []


def test_what_needs_a_consent_is_refused_with_exit_code_3(folder, tmp_path):
    (tmp_path / "plays.csv").write_text("a,b,c,1 Jan 2020 10:00\n")
    for arguments in (("import", "auto", tmp_path / "plays.csv"), ("recommend",)):
        ran = typed(*arguments, "--dir", folder)
        assert (ran.code, ran.out) == (3, "")
        assert "To agree: sottovoce-client consent grant listening" in ran.err
