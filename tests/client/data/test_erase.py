"""After erasing, nothing of it is on disk, not even for somebody who kept the keys."""

import os
import pty
import select as waiting
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from client.consent.purpose import Purpose
from client.files import KEYS
from client.keys.key_file import read_key_file
from client.profile import open_profile
from client.store.tables import (
    answers,
    checkins,
    feedback,
    imports,
    library_tracks,
    listens,
    personal_heads,
    recordings,
    vectors,
)
from shared_model.errors import BadInput
from tests.client.prepared import pages, typed

ARTIST, TITLE, ALBUM, FILE = "Zqartist Örtlich", "Zqtitle Grün", "Zqalbum Über", "/music/zqfolder/zqfile.flac"
LANGUAGE = "zqlanguage"  # any text that is found nowhere else
SCORE, ANSWER, VECTOR, TENSORS = 17.331733173317, 3.917391739173, b"zqVECTORvectorVECTOR", b"zqTENSORStensorsTENSORS"
IMPORTED = "zqimport.zip"
OF_PLAYS = {name: name.encode() for name in (ARTIST, TITLE, ALBUM, IMPORTED)} | {"tensors": TENSORS}
OF_MOOD = {"score": struct.pack(">d", SCORE), "answer": struct.pack(">d", ANSWER)}
OF_FILES = {"path": FILE.encode(), "language": LANGUAGE.encode(), "vector": VECTOR}
PLANTED = OF_PLAYS | OF_MOOD | OF_FILES
DAY_S = 86_400
JANUARY_S, FEBRUARY_S = (int(datetime(2024, month, 1, tzinfo=UTC).timestamp()) for month in (1, 2))
KILLED = """
import os, signal, sys
from pathlib import Path
from client.data import erase

erase.remove_database = lambda path: os.kill(os.getpid(), signal.SIGKILL)
erase.erase_everything(Path(sys.argv[1]))
"""

KILLED_SPAN = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from client.data.erase import erase_listens
from client.profile import open_profile
from client.store.tables import listens

with open_profile(Path(sys.argv[1])) as profile:  # killed as soon as the first transaction has ended
    event.listen(profile.history, "checkin", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    erase_listens(profile.history, listens.c.import_id == 1)
"""


@pytest.fixture
def planted(folder: Path, headless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Plays of January 2024 under planted names, and one of February under others; a check-in; a track with vector."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path / "temporary"))
    with open_profile(folder) as profile:
        with profile.history.begin() as connection:
            connection.execute(insert(imports).values(id=1, format="spotify", file_name=IMPORTED, started_at_s=1))
            for number in range(400):
                row = {"identity": f"{TITLE}{number}", "artist": ARTIST, "title": f"{TITLE} {number}", "album": ALBUM}
                connection.execute(insert(recordings).values(id=number + 1, **row))
                connection.execute(
                    insert(listens).values(recording_id=number + 1, started_at_s=JANUARY_S + number * 60, import_id=1)
                )
            connection.execute(insert(recordings).values(id=500, identity="kept", artist="Kept", title="Kept"))
            connection.execute(insert(listens).values(recording_id=500, started_at_s=FEBRUARY_S + DAY_S))
            for identity, artist, title in ((f"{TITLE}0", ARTIST, f"{TITLE} 0"), ("kept", "Kept", "Kept")):
                said = {"identity": identity, "artist": artist, "title": title, "said": "love", "at_s": 1}
                connection.execute(insert(feedback).values(**said))
            connection.execute(
                insert(personal_heads).values(
                    release_sha256="0", made_at_s=1, tensors=TENSORS * 900, evaluation="{}", in_use=True
                )
            )
            track = {"path": FILE, "size_bytes": 1, "modified_ns": 1, "artist": "of a file", "title": "of a file"}
            connection.execute(insert(library_tracks).values(**track, lyrics_language=LANGUAGE))
            connection.execute(insert(vectors).values(content_sha256="0", encoder="e", modality="audio", vector=VECTOR))
        with profile.mood_for_writing().begin() as connection:
            made = connection.execute(
                insert(checkins).values(at_s=1, instrument="k6", instrument_version=1, score=SCORE)
            )
            connection.execute(
                insert(answers).values(checkin_id=made.inserted_primary_key[0], item="sad", value=ANSWER)
            )
    return folder


def keys_of(folder):
    with open_profile(folder) as profile:
        return [key for key in (profile._keys.data, profile._keys.mood, profile._keys.ledger) if key is not None]


def found(root, keys=()):
    """Which planted strings any file below `root` holds: as it is, or decrypted by any of the keys."""
    held = set()
    for path in (path for path in root.rglob("*") if path.is_file()):
        for content in (path.read_bytes(), *(pages(path, key) for key in keys)):
            held |= {
                name
                for name, secret in PLANTED.items()
                if secret in content or (name in OF_PLAYS and name.encode("utf-16-le") in content)
            }
    return held


def counted(folder):
    with open_profile(folder) as profile, profile.history.connect() as connection:
        return connection.execute(select(func.count()).select_from(listens)).scalar_one()


def test_line_31_nothing_is_readable_before_and_everything_is_for_who_has_the_keys(planted, tmp_path):
    assert found(tmp_path) == set()
    assert found(tmp_path, keys_of(planted)) == PLANTED.keys()  # so that what follows proves something


def test_line_31_an_erased_span_is_not_found_by_decrypting_every_page_with_the_keys(planted, tmp_path):
    large = (planted / "store.db").stat().st_size
    ran = typed("erase", "--from", "2024-01-01", "--to", "2024-02-01", "--yes", "--dir", planted)
    forgotten = "1 of your words on tracks went with them. What was tuned on plays was forgotten with them."
    assert (ran.code, ran.out) == (
        0,
        f"Erased 400 plays. {forgotten}\n",
    )
    assert found(tmp_path, keys_of(planted)) == PLANTED.keys() - OF_PLAYS.keys()
    assert (planted / "store.db").stat().st_size < large
    assert not [path for path in planted.glob("store.db-*") if path.stat().st_size]
    with open_profile(planted) as profile, profile.history.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA freelist_count").scalar_one() == 0
        assert connection.execute(select(recordings.c.title)).scalars().all() == ["Kept"]
        for table in (imports, personal_heads):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_line_31_erased_answers_are_not_found_with_the_key_they_had(planted, tmp_path):
    keys = keys_of(planted)
    ran = typed("erase", "--mood", "--yes", "--dir", planted)
    assert (ran.code, ran.out) == (0, "Erased all answers, and destroyed their key.\n")
    left = found(tmp_path, keys)
    assert not left & OF_MOOD.keys()
    assert "tensors" not in left  # the tuned head had seen them
    assert counted(planted) == 401
    assert typed("erase", "--mood", "--yes", "--dir", planted).out == "There were no answers.\n"


def wrapped_in(key_file):
    return [
        key.sealed.hex() for key in (key_file.current.by_passphrase, key_file.current.ledger, key_file.current.mood)
    ]


def test_line_31_erasing_all_leaves_no_file_and_no_key(planted, tmp_path, headless):
    keys, wrapped = keys_of(planted), wrapped_in(read_key_file(planted / KEYS))
    (planted / ".keys.json.0badc0de").write_bytes((planted / KEYS).read_bytes())  # a write that was killed
    ran = typed("erase", "--all", "--yes", "--dir", planted)
    assert (ran.code, ran.out) == (0, "Erased. Keys, history, answers, consents and ledger are gone.\n")
    assert not planted.exists()
    assert not [path for path in headless.rglob("*") if path.is_file()]
    assert found(tmp_path, keys) == set()
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not [key for key in wrapped if key.encode() in everything or bytes.fromhex(key) in everything]


def test_erasing_all_needs_no_passphrase(planted, monkeypatch):
    monkeypatch.delenv("SOTTOVOCE_PASSPHRASE")
    assert typed("erase", "--all", "--yes", "--dir", planted).code == 0
    assert not planted.exists()


def test_other_peoples_files_in_the_folder_are_left_alone(planted):
    (planted / "letter.txt").write_text("dear")
    (planted / "keys.json.backup").write_text("of somebody")
    (planted / "music").mkdir()
    (planted / "music" / "store.db").write_text("of another program")
    assert typed("erase", "--all", "--yes", "--dir", planted).code == 0
    assert sorted(path.name for path in planted.rglob("*") if path.is_file()) == [
        "keys.json.backup",
        "letter.txt",
        "store.db",
    ]


def test_a_damaged_key_file_is_no_hindrance(planted):
    wrapped = wrapped_in(read_key_file(planted / KEYS))
    (planted / KEYS).write_bytes((planted / KEYS).read_bytes()[:-40])
    assert typed("erase", "--all", "--yes", "--dir", planted).code == 0
    assert not planted.exists()
    assert wrapped


@pytest.mark.integration
def test_line_31_an_erasure_that_was_killed_leaves_nothing_that_opens_and_is_ended_by_doing_it_again(
    planted, tmp_path, headless
):
    wrapped = wrapped_in(read_key_file(planted / KEYS))
    store = (planted / "store.db").read_bytes()
    child = subprocess.run([sys.executable, "-c", KILLED, planted])
    assert child.returncode == -signal.SIGKILL
    assert (planted / "store.db").read_bytes() == store
    assert not [key for key in wrapped if key.encode() in (planted / KEYS).read_bytes()]
    with pytest.raises(BadInput), open_profile(planted):
        pass
    assert typed("erase", "--all", "--yes", "--dir", planted).code == 0
    assert not planted.exists()
    assert not [path for path in headless.rglob("*") if path.is_file()]


@pytest.mark.integration
def test_line_31_an_erased_span_that_was_killed_leaves_no_head_that_learned_of_it_and_no_page_when_done_again(
    planted, tmp_path
):
    child = subprocess.run([sys.executable, "-c", KILLED_SPAN, planted])
    assert child.returncode == -signal.SIGKILL
    assert counted(planted) == 1
    with open_profile(planted) as profile, profile.history.connect() as connection:
        assert connection.execute(select(func.count()).select_from(personal_heads)).scalar_one() == 0
    assert typed("erase", "--import", "1", "--yes", "--dir", planted).out == "Erased 0 plays.\n"
    assert found(tmp_path, keys_of(planted)) == PLANTED.keys() - OF_PLAYS.keys()


def test_erasing_all_where_nothing_is_is_a_sentence(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    ran = typed("erase", "--all", "--yes", "--dir", tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"sottovoce-client: erase: {tmp_path} holds no profile; name another with --dir\n"
    assert (tmp_path / "letter.txt").exists()


@pytest.mark.parametrize("what", [("--all",), ("--mood",), ("--from", "2024-01-01"), ("--import", "1")])
def test_without_a_terminal_it_demands_yes_and_does_nothing(planted, what):
    ran = typed("erase", *what, "--dir", planted)
    assert (ran.code, ran.out) == (2, "")
    assert "say --yes. Nothing was done" in ran.err
    assert counted(planted) == 401
    with open_profile(planted) as profile:
        assert profile.mood() is not None


@pytest.mark.parametrize(
    "what",
    [
        (),
        ("--all", "--mood"),
        ("--mood", "--from", "2024-01-01"),
        ("--import", "1", "--to", "2024-01-01"),
        ("--all", "--import", "1"),
    ],
)
def test_two_things_at_once_or_none_is_a_sentence(planted, what):
    ran = typed("erase", *what, "--yes", "--dir", planted)
    assert (ran.code, ran.out) == (2, "")
    assert "say one of --all, --mood, --from/--to, --import" in ran.err
    assert counted(planted) == 401


@pytest.mark.integration
@pytest.mark.parametrize(("said", "code", "left"), [("n", 1, 401), ("", 1, 401), ("y", 0, 1)])
def test_in_a_terminal_it_asks_and_takes_nothing_for_no(planted, said, code, left):
    ours, its = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", "from client.cli import main; main()", "erase", "--to", "2024-02-01", "--dir", planted],
        stdin=its,
        stdout=subprocess.PIPE,
        stderr=its,
    )
    os.close(its)
    asked, deadline = b"", time.monotonic() + 60
    while b"[y/N]" not in asked and time.monotonic() < deadline:
        if waiting.select([ours], [], [], 1)[0]:
            asked += os.read(ours, 1000)
    assert b"Erase 400 plays?" in asked
    os.write(ours, said.encode() + b"\n")
    child.communicate(timeout=60)
    os.close(ours)
    assert (child.returncode, counted(planted)) == (code, left)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_days_begin_and_end_in_utc_wherever_the_listener_is(planted, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    edges = {"before": JANUARY_S - 1, "first": JANUARY_S, "last": FEBRUARY_S - 1, "after": FEBRUARY_S}
    try:
        with open_profile(planted) as profile, profile.history.begin() as connection:
            connection.execute(listens.delete())
            for at_s in edges.values():
                connection.execute(insert(listens).values(recording_id=500, started_at_s=at_s))
        ran = typed("erase", "--from", "2024-01-01", "--to", "2024-02-01", "--yes", "--json", "--dir", planted)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert ran.code == 0, ran.err
    assert '"listens": 2' in ran.out


def test_open_ended_spans_go_to_the_first_and_the_last_play(planted):
    assert '"listens": 1' in typed("erase", "--from", "2024-02-01", "--yes", "--json", "--dir", planted).out
    assert '"listens": 400' in typed("erase", "--to", "2024-02-01", "--yes", "--json", "--dir", planted).out
    assert counted(planted) == 0


@pytest.mark.parametrize("day", ["2024-13-01", "yesterday", "2024-01-01T12:00"])
def test_what_is_no_day_is_a_sentence(planted, day):
    ran = typed("erase", "--from", day, "--yes", "--dir", planted)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err


def test_an_imports_plays_go_and_others_stay(planted, tmp_path):
    assert typed("erase", "--import", "1", "--yes", "--json", "--dir", planted).out == (
        '{"erased": "listens", "listens": 400, "tuned_heads": 1, "feedback": 1}\n'
    )
    assert counted(planted) == 1
    assert not found(tmp_path, keys_of(planted)) & OF_PLAYS.keys()
    assert '"listens": 0' in typed("erase", "--import", "1", "--json", "--dir", planted).out


def test_what_was_said_of_a_track_goes_with_its_last_play_and_not_before(planted):
    def said():
        with open_profile(planted) as profile, profile.history.connect() as connection:
            return set(connection.execute(select(feedback.c.identity)).scalars())

    with open_profile(planted) as profile, profile.history.begin() as connection:
        connection.execute(insert(listens).values(recording_id=1, started_at_s=FEBRUARY_S))
        connection.execute(insert(feedback).values(recording_mbid="never played", said="hate", at_s=1))
    typed("erase", "--from", "2024-01-01", "--to", "2024-02-01", "--yes", "--dir", planted)
    assert said() == {f"{TITLE}0", "kept", None}
    typed("erase", "--from", "2024-02-01", "--to", "2024-02-02", "--yes", "--dir", planted)
    assert said() == {"kept", None}


def test_consents_and_budget_outlive_an_erased_span(planted):
    with open_profile(planted) as profile:
        profile.consents.decide(Purpose.LISTENING, granted=True, at_s=1)
    typed("erase", "--to", "2030-01-01", "--yes", "--dir", planted)
    with open_profile(planted) as profile:
        assert profile.consents.holds(Purpose.LISTENING)
    assert '"fault": null' in typed("budget", "--json", "--dir", planted).out


def test_a_copy_of_the_folder_that_was_kept_elsewhere_is_not_touched(planted, tmp_path):
    shutil.copytree(planted, tmp_path / "copy")
    typed("erase", "--all", "--yes", "--dir", planted)
    assert counted(tmp_path / "copy") == 401
