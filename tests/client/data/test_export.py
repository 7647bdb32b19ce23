"""Everything that is held comes out, and comes in again elsewhere."""

import errno
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from client.beginning import begin_profile
from client.consent.purpose import Purpose
from client.data.export import export_everything
from client.data.whole_file import new_file
from client.files import LEDGER, SETTINGS
from client.ingest.formats import FormatName
from client.ingest.import_history import import_history
from client.profile import open_profile
from client.store.tables import HISTORY, MOOD, listens, recordings
from shared_model.books.entries import Opened
from shared_model.errors import BadInput
from tests.client.conftest import PASSPHRASE
from tests.client.prepared import fill, typed

ROWS = 7
KILLED = """
import os, signal, sys, zipfile
from pathlib import Path
from client.data.export import export_everything
from client.profile import open_profile

begun = zipfile.ZipFile.open
def killed(self, name, *rest, **options):
    if getattr(name, "filename", name) == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
    return begun(self, name, *rest, **options)
zipfile.ZipFile.open = killed
with open_profile(Path(sys.argv[1])) as profile:
    export_everything(profile, Path(sys.argv[2]))
"""


@pytest.fixture
def full(folder: Path) -> Path:
    """A profile with rows in every table."""
    with open_profile(folder) as profile:
        fill(profile.history, HISTORY, rows=ROWS)
        fill(profile.mood_for_writing(), MOOD, rows=ROWS)
    return folder


def exported(folder, out):
    with open_profile(folder) as profile:
        return export_everything(profile, out)


@pytest.mark.parametrize("table", [*HISTORY.sorted_tables, *MOOD.sorted_tables], ids=str)
def test_line_31_every_row_and_column_of_every_table_is_in_the_zip(full, tmp_path, table):
    counted = exported(full, tmp_path / "mine.zip")
    assert counted[table.name] == ROWS
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        lines = archive.read(f"tables/{table.name}.jsonl").decode().splitlines()
    with open_profile(full) as profile:
        engine = profile.history if table.metadata is HISTORY else profile.mood()
        with engine.connect() as connection:
            held = [dict(row) for row in connection.execute(select(table)).mappings()]
    for row in held:
        row.update({name: value.hex() for name, value in row.items() if isinstance(value, bytes)})
    assert [json.loads(line) for line in lines] == held


def test_line_31_ledger_settings_and_consents_are_in_the_zip_as_they_are_held(full, tmp_path):
    assert typed("consent", "grant", "listening", "--dir", full).code == 0
    assert typed("settings", "retention.listens_days=36500", "--dir", full).code == 0
    exported(full, tmp_path / "mine.zip")
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        assert archive.testzip() is None
        assert {each.filename for each in archive.infolist() if "/" not in each.filename} == {
            "README.txt",
            LEDGER,
            SETTINGS,
        }
        for name in (LEDGER, SETTINGS):
            assert archive.read(name) == (full / name).read_bytes()
        receipts = archive.read("tables/consent_receipts.jsonl").decode().splitlines()
    assert json.loads(receipts[-1])["purpose"] == "listening"


def test_the_file_is_its_owners_alone(full, tmp_path):
    exported(full, tmp_path / "mine.zip")
    assert (tmp_path / "mine.zip").stat().st_mode & 0o777 == 0o600


def test_no_key_and_no_passphrase_is_in_the_zip(full, tmp_path):
    exported(full, tmp_path / "mine.zip")
    with open_profile(full) as profile:
        keys = [profile._keys.data, profile._keys.ledger, profile._keys.mood]
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    for key in keys:
        assert key not in content
        assert key.hex().encode() not in content
    assert PASSPHRASE.encode() not in content


@pytest.mark.parametrize("there", ["file", "folder", "dangling link"])
def test_what_exists_is_refused_and_left_as_it_is(folder, tmp_path, there):
    out = tmp_path / "mine.zip"
    if there == "file":
        out.write_bytes(b"of somebody")
    elif there == "folder":
        out.mkdir()
    else:
        out.symlink_to(tmp_path / "elsewhere.zip")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BadInput, match="exists; name a new file with --out"):
        exported(folder, out)
    assert sorted(tmp_path.iterdir()) == before
    assert there != "file" or out.read_bytes() == b"of somebody"


@pytest.mark.parametrize("out", ["missing/mine.zip", "note.txt/mine.zip", f"{'long' * 70}.zip"])
def test_where_nothing_can_be_written_it_is_a_sentence_and_nothing_is_left(folder, tmp_path, out):
    (tmp_path / "note.txt").write_text("a file and no folder")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BadInput, match=r"cannot be written .*; name another file with --out"):
        exported(folder, tmp_path / out)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.integration
@pytest.mark.parametrize("name", ["tables/listens.jsonl", "tables/answers.jsonl", "listens/2023/11.jsonl", LEDGER])
def test_killed_in_the_middle_no_zip_is_there_and_nothing_readable_beside(full, tmp_path, name):
    (tmp_path / "out").mkdir()
    child = subprocess.run([sys.executable, "-c", KILLED, full, tmp_path / "out" / "mine.zip", name])
    assert child.returncode == -signal.SIGKILL
    assert list((tmp_path / "out").iterdir()) == []
    assert exported(full, tmp_path / "out" / "mine.zip")["listens"] == ROWS


def listens_in(history):
    facts = [recordings.c[name] for name in ("artist", "title", "album", "recording_mbid", "isrc", "duration_ms")]
    found = select(listens.c.started_at_s, listens.c.played_ms, *facts).join(recordings)
    with history.connect() as connection:
        return Counter(map(tuple, connection.execute(found.where(listens.c.skipped.is_not(True)))))


def test_the_plays_imported_elsewhere_are_the_same_but_for_skips(folder, tmp_path):
    month_s = 30 * 86_400
    with open_profile(folder) as profile, profile.history.begin() as connection:
        for track in range(1, 21):
            about = {"artist": f"Künstler {track % 4}", "title": f"Lied {track}", "album": "A" if track % 3 else None}
            if track % 2:
                about["recording_mbid"] = f"00000000-0000-4000-8000-{track:012}"
            if track % 5 == 0:
                about |= {"isrc": f"DEA12000{track:04}", "duration_ms": 200_000 + track}
            connection.execute(insert(recordings).values(id=track, identity=str(track), **about))
            for play in range(3):
                connection.execute(
                    insert(listens).values(
                        recording_id=track,
                        started_at_s=1_600_000_000 + play * month_s + track * 400,
                        played_ms=None if track % 7 == 0 else 60_123 + track,
                        skipped=[None, False, True][(track + play) % 3],
                    )
                )
    exported(folder, tmp_path / "mine.zip")
    (tmp_path / "taken").mkdir()
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        archive.extractall(
            tmp_path / "taken", members=[name for name in archive.namelist() if name.startswith("listens/")]
        )
    opened = Opened(device_cap=20.0, delta=1e-6, max_participations=500)
    begin_profile(tmp_path / "second", passphrase=PASSPHRASE, budget=opened)
    with open_profile(tmp_path / "second") as second, open_profile(folder) as first:
        second.consents.decide(Purpose.LISTENING, granted=True, at_s=1)
        for source in (tmp_path / "taken", tmp_path / "mine.zip"):  # as it is unpacked, and the zip itself
            imported = import_history(
                source, FormatName.AUTO, history=second.history, consent=second.consents.listening(), clock=lambda: 5
            )
            assert imported.counts.malformed == 0
            assert imported.format is FormatName.LISTENBRAINZ
        assert listens_in(second.history) == listens_in(first.history)
        with second.history.connect() as connection:
            assert connection.execute(select(func.count()).select_from(listens)).scalar_one() == 40


def test_on_a_file_system_without_nameless_files_it_is_written_beside(full, tmp_path, monkeypatch):
    opened = os.open

    def without(path, flags, *rest, **options):
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return opened(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", without)
    before = sorted(tmp_path.iterdir())
    assert exported(full, tmp_path / "mine.zip")["listens"] == ROWS
    assert (tmp_path / "mine.zip").stat().st_mode & 0o777 == 0o600
    assert zipfile.ZipFile(tmp_path / "mine.zip").testzip() is None
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "mine.zip"])
    with pytest.raises(RuntimeError), new_file(tmp_path / "never.zip"):
        raise RuntimeError
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "mine.zip"])


def test_an_empty_profile_has_an_empty_export(folder, tmp_path):
    assert set(exported(folder, tmp_path / "mine.zip").values()) == {0}
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        assert not [name for name in archive.namelist() if name.startswith("listens/")]
