"""Each fault is found, and said with what mends it."""

import json
import shutil
import stat
import time
from pathlib import Path

import pytest
from sqlalchemy import insert

from client.data.doctor import examine
from client.files import HISTORY, LEDGER, MOOD
from client.ledger.ledger import open_ledger
from client.profile import open_profile
from client.recommend.release_file import STARTER
from client.store.tables import checkins, listens, recordings
from shared_model.books.entries import Joined
from tests.client.prepared import Ran, typed

pytestmark = pytest.mark.integration  # it asks the system's bus about power and network
PARTS = ["keyring", "files", "databases", "ledger", "release", "encoders", "learning", "space"]
TITLE = "Zqtitle Grün"


def doctor(folder: Path) -> tuple[Ran, dict[str, dict[str, str]]]:
    ran = typed("doctor", "--json", "--dir", folder)
    assert ran.err == ""
    found = json.loads(ran.out)
    assert [each["what"] for each in found] == PARTS
    return ran, {each["what"]: each for each in found}


def faults(folder):
    """Those and only those, and the exit code that goes with them."""
    ran, found = doctor(folder)
    said = {what: each["said"] for what, each in found.items() if each["health"] == "fault"}
    assert ran.code == (1 if said else 0)
    assert TITLE not in ran.out
    return said


def test_a_new_profile_is_well(folder):
    assert faults(folder) == {}
    ran = typed("doctor", "--dir", folder)
    assert ran.code == 0
    assert [line.split()[1].rstrip(":") for line in ran.out.splitlines()] == PARTS
    assert "FAULT" not in ran.out


def test_looking_changes_nothing(folder, headless):
    def state():
        return {
            path: (path.read_bytes(), path.stat().st_mode)
            for root in (folder, headless)
            for path in root.rglob("*")
            if path.is_file()
        }

    before = state()
    doctor(folder)
    assert state() == before


@pytest.mark.parametrize(("name", "mode"), [("settings.toml", 0o640), ("store.db", 0o604), (".", 0o755)])
def test_a_file_that_others_may_read_is_found_and_mended_as_it_says(folder, name, mode):
    (folder / name).chmod(mode)
    said = faults(folder)["files"]
    assert (folder / name).resolve().name in said
    assert f"chmod -R go= {folder}" in said
    for path in (folder, *folder.rglob("*")):  # what it says
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o077)
    assert faults(folder) == {}


def test_a_dangling_link_among_the_files_is_no_fault(folder):
    (folder / "old").symlink_to(folder / "gone")
    assert faults(folder) == {}


def flip_in_the_middle(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_flipped_byte_in_the_middle_of_the_history_is_found(folder):
    with open_profile(folder) as profile, profile.history.begin() as connection:
        for number in range(500):
            row = {"identity": str(number), "artist": "a", "title": f"{TITLE}{number}"}
            connection.execute(insert(recordings).values(**row))
    flip_in_the_middle(folder / HISTORY)
    said = faults(folder)
    assert said.keys() == {"databases"}
    assert "the history database is damaged" in said["databases"]
    assert "put it back from a backup" in said["databases"]


def test_with_limits_of_age_it_looks_all_the_same_and_deletes_nothing(folder):
    with open_profile(folder) as profile, profile.history.begin() as connection:
        for number in range(500):
            row = {"identity": str(number), "artist": "a", "title": f"{TITLE}{number}"}
            connection.execute(insert(recordings).values(id=number + 1, **row))
            connection.execute(insert(listens).values(recording_id=number + 1, started_at_s=number))
    assert typed("settings", "retention.listens_days=1", "--dir", folder).code == 0
    before = (folder / HISTORY).read_bytes()
    assert faults(folder) == {}
    assert (folder / HISTORY).read_bytes() == before
    content = bytearray(before)
    for page in range(3, len(content) // 4096):
        content[page * 4096 + 2000] ^= 1
    (folder / HISTORY).write_bytes(content)
    assert faults(folder).keys() == {"databases"}


def test_a_flipped_byte_in_the_middle_of_the_answers_is_found(folder):
    with open_profile(folder) as profile, profile.mood_for_writing().begin() as connection:
        for number in range(500):
            row = {"at_s": number, "instrument": "k6", "instrument_version": 1, "score": 1.5}
            connection.execute(insert(checkins).values(**row))
    flip_in_the_middle(folder / MOOD)
    assert "the mood database is damaged" in faults(folder)["databases"]


def test_a_truncated_mood_database_is_found(folder):
    with open_profile(folder) as profile:
        profile.mood_for_writing()
    (folder / MOOD).write_bytes((folder / MOOD).read_bytes()[:5000])
    assert "truncated" in faults(folder)["databases"]


def test_a_ledger_that_was_rolled_back_is_found(folder):
    old = (folder / LEDGER).read_bytes()
    with (
        open_profile(folder) as profile,
        open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger,
    ):
        ledger.append(Joined(log_key_sha256="00" * 32))
    assert faults(folder) == {}
    (folder / LEDGER).write_bytes(old)
    said = faults(folder)
    assert said.keys() == {"ledger"}
    assert "rolled back" in said["ledger"]
    assert "Restore the ledger" in said["ledger"]


def test_a_missing_mirror_and_a_missing_ledger_are_found(folder, headless):
    shutil.rmtree(headless / "state")
    said = faults(folder)["ledger"]
    assert "its mirror is missing; the budget counts as spent until the ledger is restored" in said
    (folder / LEDGER).unlink()
    assert "ledger.jsonl cannot be opened" in faults(folder)["ledger"]


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "of another program"])
def test_a_release_that_cannot_be_read_is_found(folder, tmp_path, damage):
    release = tmp_path / "release.safetensors"
    if damage != "missing":
        content = STARTER.read_bytes()
        release.write_bytes(
            {"empty": b"", "truncated": content[: len(content) // 2], "of another program": b"GIF89a" * 99}[damage]
        )
    assert typed("settings", f"release={release}", "--dir", folder).code == 0
    said = faults(folder)
    assert "release" in said
    assert str(release.name) in said["release"]


def test_an_encoder_that_differs_from_the_releases_is_worth_knowing(folder, tmp_path):
    (tmp_path / "another-encoder").mkdir()
    assert typed("settings", f"encoders.lyrics={tmp_path / 'another-encoder'}", "--dir", folder).code == 0
    ran, found = doctor(folder)
    assert ran.code == 0
    assert found["encoders"]["health"] == "note"
    assert "lyrics here is encoded by another-encoder and in the release by" in found["encoders"]["said"]


def test_audio_weights_that_are_missing_are_found(folder, tmp_path):
    assert typed("settings", f"encoders.audio={tmp_path / 'gone.safetensors'}", "--dir", folder).code == 0
    assert "gone.safetensors" in faults(folder)["encoders"]


def test_a_profile_that_only_the_passphrase_opens_is_worth_knowing(folder):
    assert doctor(folder)[1]["keyring"]["health"] == "note"


def test_a_disk_without_room_is_found(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 12_000_000))
    with open_profile(folder) as profile:
        found = {each.what: each for each in examine(profile, now_s=time.time())}
    assert found["space"].health == "fault"
    assert found["space"].said == "12 MB are free; make room, or nothing can be written"


@pytest.mark.parametrize(
    "damage", [lambda _: b"", lambda content: content[:3000], lambda _: b"SQLite format 3\0" * 999]
)
def test_a_history_that_does_not_open_at_all_is_one_sentence(folder, damage):
    (folder / HISTORY).write_bytes(damage((folder / HISTORY).read_bytes()))
    ran = typed("doctor", "--dir", folder)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "put " in ran.err
