import json
import zipfile

import pytest

from client.profile import open_profile
from client.store.tables import HISTORY, MOOD
from tests.client.prepared import fill, typed


def test_everything_is_written_and_said_and_that_it_is_not_encrypted(folder, tmp_path):
    with open_profile(folder) as profile:
        fill(profile.history, HISTORY, rows=3)
        fill(profile.mood_for_writing(), MOOD, rows=3)
    ran = typed("export", "--out", tmp_path / "mine.zip", "--dir", folder)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Wrote {tmp_path / 'mine.zip'}: ")
    assert "3 consent receipts" in ran.out
    assert "3 answers" in ran.out
    assert ran.out.endswith("It is not encrypted: keep it safe.\n")
    assert "planted" not in ran.out
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        assert b"not encrypted" in archive.read("README.txt")


def test_as_json_it_counts_the_rows_of_every_table(folder, tmp_path):
    with open_profile(folder) as profile:
        fill(profile.history, HISTORY, rows=2)
    found = json.loads(typed("export", "--out", tmp_path / "mine.zip", "--json", "--dir", folder).out)
    assert found == {"out": str(tmp_path / "mine.zip"), "rows": {table.name: 2 for table in HISTORY.sorted_tables}}


def test_where_nothing_was_held_it_says_so(folder, tmp_path):
    assert "nothing was held" in typed("export", "--out", tmp_path / "mine.zip", "--dir", folder).out


@pytest.mark.parametrize("out", ["there.zip", "missing/mine.zip", "."])
def test_where_it_cannot_be_written_it_is_one_sentence(folder, tmp_path, out):
    (tmp_path / "there.zip").write_bytes(b"of somebody")
    ran = typed("export", "--out", tmp_path / out, "--dir", folder)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "with --out" in ran.err
    assert (tmp_path / "there.zip").read_bytes() == b"of somebody"


def test_a_locked_profile_is_not_exported(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("SOTTOVOCE_PASSPHRASE")
    ran = typed("export", "--out", tmp_path / "mine.zip", "--dir", folder)
    assert (ran.code, ran.out) == (2, "")
    assert not (tmp_path / "mine.zip").exists()
