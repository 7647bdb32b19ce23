import os

import pytest

from shared_model.durable import write_atomically


def test_the_new_content_replaces_the_old(tmp_path):
    file = tmp_path / "file"
    write_atomically(file, b"old")
    write_atomically(file, b"new")
    assert file.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_failure_before_the_replacement_leaves_the_old_content_and_no_litter(tmp_path, monkeypatch):
    file = tmp_path / "file"
    write_atomically(file, b"old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_content_is_synced_before_it_is_seen(tmp_path, monkeypatch):
    seen = []
    file = tmp_path / "file"
    really = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (seen.append(file.exists()), really(descriptor)))
    write_atomically(file, b"content")
    assert seen == [False, True]  # the file before the rename, its folder after


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "none" / "file", b"")
