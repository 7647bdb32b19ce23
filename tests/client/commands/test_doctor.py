"""What is typed and printed; each fault is found in tests/client/data/test_doctor.py."""

import json

import pytest

from tests.client.prepared import typed

pytestmark = pytest.mark.integration  # it asks the system's bus about power and network


def test_words_and_json_say_the_same_and_the_exit_code_is_1_where_something_is_to_be_mended(folder):
    (folder / "settings.toml").chmod(0o644)
    words, found = typed("doctor", "--dir", folder), typed("doctor", "--json", "--dir", folder)
    assert (words.code, found.code, words.err, found.err) == (1, 1, "", "")
    rows = json.loads(found.out)
    assert all(row.keys() == {"what", "health", "said"} for row in rows)
    signs = {"ok": "ok   ", "note": "note ", "fault": "FAULT"}
    expected = [f"{signs[row['health']]} {row['what']}: {row['said']}" for row in rows if row["what"] != "space"]
    assert [line for line in words.out.splitlines() if " space: " not in line] == expected
    assert sum(row["health"] == "fault" for row in rows) == 1


def test_without_a_profile_or_a_passphrase_it_is_a_sentence(folder, tmp_path, monkeypatch):
    assert typed("doctor", "--dir", tmp_path).code == 2
    monkeypatch.delenv("SOTTOVOCE_PASSPHRASE")
    ran = typed("doctor", "--dir", folder)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
