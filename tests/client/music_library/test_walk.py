import os
from pathlib import Path

import pytest

from client.music_library.walk import audio_files
from shared_model.errors import BadInput


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_audio_files_come_by_folder_and_name(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("b/2.MP3", "b/1.flac", "a/x.opus", "z.ogg", "cover.jpg", "b/notes.txt")))
    assert [str(path.relative_to(tmp_path)) for path in audio_files(tmp_path).files] == [
        "z.ogg",
        "a/x.opus",
        "b/1.flac",
        "b/2.MP3",
    ]


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp3", tmp_path / "._a.mp3", tmp_path / ".trash" / "b.mp3")
    assert [path.name for path in audio_files(tmp_path).files] == ["a.mp3"]


def test_links_are_followed_and_loops_survived(tmp_path: Path) -> None:
    touch(tmp_path / "music" / "a.mp3", tmp_path / "disk" / "b.mp3")
    (tmp_path / "music" / "disk").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "back").symlink_to(tmp_path / "music")
    (tmp_path / "disk" / "itself").symlink_to(tmp_path / "disk" / "itself")
    assert [path.name for path in audio_files(tmp_path / "music").files] == ["a.mp3", "b.mp3"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp3", tmp_path / "locked" / "b.mp3")
    (tmp_path / "locked").chmod(0)
    walked = audio_files(tmp_path)
    (tmp_path / "locked").chmod(0o700)
    assert [path.name for path in walked.files] == ["a.mp3"]
    assert walked.unreadable == (tmp_path / "locked",)


def test_a_folder_that_cannot_be_listed_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "a.mp3", tmp_path / "locked" / "b.mp3")
    listed = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert audio_files(tmp_path).unreadable == (tmp_path / "locked",)
    with pytest.raises(BadInput, match="cannot be read; mend its permissions"):
        audio_files(tmp_path / "locked")


def test_a_file_whose_name_is_no_text_is_counted(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp3")
    try:
        (tmp_path / os.fsdecode(b"\xff.mp3")).touch()
    except OSError:
        pytest.skip("this file system takes no such name")
    walked = audio_files(tmp_path)
    assert [path.name for path in walked.files] == ["a.mp3"]
    assert len(walked.unreadable) == 1


def test_a_folder_without_audio_or_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no audio file in .* is its disk there"):
        audio_files(tmp_path)
    with pytest.raises(BadInput, match="is no folder"):
        audio_files(tmp_path / "absent")
