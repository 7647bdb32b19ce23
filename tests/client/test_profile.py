import json
import shutil
import time
from dataclasses import replace

import pytest
from sqlalchemy import func, insert, select

from client.beginning import begin_profile
from client.consent.purpose import Purpose
from client.files import KEYS, MOOD
from client.keys.key_file import read_key_file
from client.keys.rotation import held_holders
from client.keys.unlocking import Keys
from client.keys.wrapping import new_key
from client.profile import open_profile
from client.store.database import change_key
from client.store.tables import checkins, recordings
from shared_model.books.entries import Opened
from shared_model.errors import BadInput
from tests.client.conftest import PASSPHRASE, everything_in

PLANTED = "Gretchen am Spinnrade"
BUDGET = Opened(device_cap=20.0, delta=1e-6, max_participations=500)


def plant(folder):
    with open_profile(folder) as profile:
        with profile.history.begin() as connection:
            connection.execute(insert(recordings).values(identity="g", artist="Schubert", title=PLANTED))
        with profile.mood_for_writing().begin() as connection:
            connection.execute(insert(checkins).values(at_s=1, instrument="k6", instrument_version=1, score=17.0))


def planted(folder):
    """Title and score, as far as they can be read."""
    with open_profile(folder) as profile:
        with profile.history.connect() as connection:
            title = connection.execute(select(recordings.c.title)).scalar_one()
        mood = profile.mood()
        if mood is None:
            return title, None
        with mood.connect() as connection:
            return title, connection.execute(select(checkins.c.score)).scalar_one()


def test_line_30_a_profile_is_encrypted_and_its_owners_alone(folder, headless):
    plant(folder)
    assert planted(folder) == (PLANTED, 17.0)
    assert PLANTED.encode() not in everything_in(folder, headless)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in headless.rglob("*.json")} == {0o600}


def test_a_wrong_passphrase_is_a_sentence_and_loses_nothing(folder, monkeypatch):
    plant(folder)
    before = everything_in(folder)
    monkeypatch.setenv("SOTTOVOCE_PASSPHRASE", "not at all the right one")
    with pytest.raises(BadInput, match="not its recovery passphrase; nothing was changed"), open_profile(folder):
        pass
    assert everything_in(folder) == before
    monkeypatch.setenv("SOTTOVOCE_PASSPHRASE", PASSPHRASE)
    assert planted(folder) == (PLANTED, 17.0)


def test_without_keyring_terminal_or_passphrase_it_says_what_to_set(folder, monkeypatch):
    monkeypatch.delenv("SOTTOVOCE_PASSPHRASE")
    with pytest.raises(BadInput, match="it has no keyring; set SOTTOVOCE_PASSPHRASE"), open_profile(folder):
        pass


def test_whoever_opens_it_says_how_the_passphrase_is_asked_for(folder, monkeypatch):
    plant(folder)
    monkeypatch.delenv("SOTTOVOCE_PASSPHRASE")
    asked = []

    def ask():
        asked.append(True)
        return PASSPHRASE

    with open_profile(folder, ask=ask) as profile, profile.history.connect() as connection:
        assert connection.execute(select(recordings.c.title)).scalar_one() == PLANTED
    assert asked == [True]
    with pytest.raises(BadInput, match="set SOTTOVOCE_PASSPHRASE"), open_profile(folder, ask=lambda: None):
        pass


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\x00", b'{"format": 1, "profile": "zz"}'])
def test_a_damaged_key_file_is_a_sentence(folder, content):
    (folder / KEYS).write_bytes(content)
    with pytest.raises(BadInput, match=r"keys\.json is damaged"), open_profile(folder):
        pass


def test_where_no_profile_is_it_says_how_to_make_one(tmp_path):
    with pytest.raises(BadInput, match="sottovoce-client init --dir"), open_profile(tmp_path):
        pass


def test_a_store_of_another_profile_is_not_opened(folder, tmp_path):
    begin_profile(tmp_path / "other", passphrase=PASSPHRASE, budget=BUDGET)
    shutil.copyfile(tmp_path / "other" / "store.db", folder / "store.db")
    with pytest.raises(BadInput, match="does not belong to this profile's key"), open_profile(folder):
        pass


def test_a_folder_that_holds_something_is_never_made_a_profile(tmp_path, headless):
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "song.ogg").write_bytes(b"song")
    with pytest.raises(BadInput, match="not empty"):
        begin_profile(tmp_path / "music", passphrase=PASSPHRASE, budget=BUDGET)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["song.ogg"]


def test_a_beginning_that_fails_leaves_nothing(tmp_path, headless, monkeypatch):
    monkeypatch.setattr("client.beginning.create_ledger", lambda *_, **__: time.sleep("no"))
    with pytest.raises(TypeError):
        begin_profile(tmp_path / "profile", passphrase=PASSPHRASE, budget=BUDGET)
    assert not list(tmp_path.glob("*profile*"))
    assert not list(headless.rglob("*.json"))


def test_line_30_withdrawing_mood_shreds_its_key_and_leaves_no_answer(folder):
    plant(folder)
    wrapped = json.loads((folder / KEYS).read_bytes())["current"]["mood"]
    kept = (folder / MOOD).read_bytes()
    with open_profile(folder) as profile:
        assert profile.shred_mood()
        assert not profile.shred_mood()
    assert wrapped.encode() not in everything_in(folder)
    assert not list(folder.glob("mood.db*"))
    (folder / MOOD).write_bytes(kept)  # whoever puts the file back from a backup has no key for it
    assert planted(folder) == (PLANTED, None)


def test_answers_after_a_withdrawal_are_under_a_new_key(folder):
    plant(folder)
    old = read_key_file(folder / KEYS).current.mood
    with open_profile(folder) as profile:
        profile.shred_mood()
        with profile.mood_for_writing().connect() as connection:
            assert connection.execute(select(func.count()).select_from(checkins)).scalar_one() == 0
    assert read_key_file(folder / KEYS).current.mood not in (None, old)


def test_a_shredding_that_was_killed_in_the_middle_leaves_no_answer(folder):
    plant(folder)
    content = (folder / KEYS).read_text()
    wrapped = json.loads(content)["current"]["mood"]
    (folder / KEYS).write_text(content.replace(wrapped, "0" * len(wrapped)))  # overwritten, and then killed
    assert planted(folder) == (PLANTED, None)


def test_rotated_keys_open_the_same_rows_and_old_key_files_open_none(folder):
    plant(folder)
    old = (folder / KEYS).read_bytes()
    with open_profile(folder) as profile:
        profile.rotate_keys(PASSPHRASE)
    assert planted(folder) == (PLANTED, 17.0)
    (folder / KEYS).write_bytes(old)
    with pytest.raises(BadInput, match="does not belong"), open_profile(folder):
        pass


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_rotation_that_was_killed_goes_on_at_the_next_opening(folder, done):
    plant(folder)
    with open_profile(folder) as profile:
        file, keys = profile._file, profile._keys
        incoming = Keys(data=new_key(), ledger=keys.ledger, mood=new_key())
        holders = held_holders(file, PASSPHRASE)
        replace(file, incoming=holders.wrapped(incoming, file.profile)).write(folder / KEYS)
        if done > 0:
            change_key(profile.history, incoming.data)
        if done > 1:
            change_key(profile.mood(), incoming.mood)
    assert planted(folder) == (PLANTED, 17.0)
    assert read_key_file(folder / KEYS).incoming is None
    assert planted(folder) == (PLANTED, 17.0)


def test_another_passphrase_opens_it_and_the_old_one_does_not(folder, monkeypatch):
    plant(folder)
    with open_profile(folder) as profile:
        profile.change_passphrase("an entirely new sentence")
    with pytest.raises(BadInput, match="not its recovery passphrase"), open_profile(folder):
        pass
    monkeypatch.setenv("SOTTOVOCE_PASSPHRASE", "an entirely new sentence")
    assert planted(folder) == (PLANTED, 17.0)


def test_rotating_with_a_wrong_passphrase_changes_nothing(folder):
    plant(folder)
    with open_profile(folder) as profile:
        before = everything_in(folder)
        with pytest.raises(BadInput, match="not the profile's recovery passphrase"):
            profile.rotate_keys("something else entirely")
        assert everything_in(folder) == before


def test_nothing_is_agreed_to_when_a_profile_is_made(folder):
    with open_profile(folder) as profile:
        assert not any(profile.consents.holds(purpose) for purpose in Purpose)
        assert profile.mood() is None
