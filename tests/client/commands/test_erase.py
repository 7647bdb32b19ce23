"""What is typed and printed; that nothing is left is proved in tests/client/data/test_erase.py."""

import json

from sqlalchemy import insert

from client.profile import open_profile
from client.store.tables import HISTORY, MOOD, checkins
from tests.client.prepared import fill, typed


def erase(folder, *arguments):
    ran = typed("erase", *arguments, "--yes", "--json", "--dir", folder)
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


def test_the_shapes_of_its_json(folder):
    with open_profile(folder) as profile:
        fill(profile.history, HISTORY, rows=2)
        fill(profile.mood_for_writing(), MOOD, rows=2)
    assert erase(folder, "--from", "2030-01-01") == {"erased": "listens", "listens": 0, "tuned_heads": 0, "feedback": 0}
    assert erase(folder, "--import", "2") == {"erased": "listens", "listens": 1, "tuned_heads": 2, "feedback": 1}
    assert erase(folder, "--mood") == {"erased": "mood", "answers": True, "tuned_heads": 0}
    assert erase(folder, "--mood") == {"erased": "mood", "answers": False, "tuned_heads": 0}
    assert erase(folder, "--all") == {"erased": "all"}


def test_a_span_without_plays_is_not_asked_about(folder):
    ran = typed("erase", "--from", "2030-01-01", "--dir", folder)
    assert (ran.code, ran.out) == (0, "Erased 0 plays.\n")


def test_answers_can_be_given_again_after_they_were_erased(folder):
    for _ in range(2):
        with open_profile(folder) as profile, profile.mood_for_writing().begin() as connection:
            connection.execute(insert(checkins).values(at_s=1, instrument="k6", instrument_version=1, score=3.0))
        assert erase(folder, "--mood")["answers"] is True


def test_a_locked_profile_loses_no_plays_to_somebody_without_its_passphrase(folder, monkeypatch):
    with open_profile(folder) as profile:
        fill(profile.history, HISTORY, rows=2)
    monkeypatch.setenv("SOTTOVOCE_PASSPHRASE", "somebody else's words")
    for what in (("--mood",), ("--import", "1"), ("--to", "2030-01-01")):
        assert typed("erase", *what, "--yes", "--dir", folder).code == 2
    monkeypatch.undo()


def test_after_all_is_erased_a_new_profile_can_begin_there(folder):
    erase(folder, "--all")
    assert typed("init", "--dir", folder).code == 0
