import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.music_library.lyrics_file import read_lyrics_file
from shared_model.errors import BadInput

SECRET = "zebra lanterns over Quillfjord"


def write(path: Path, *lines: object) -> Path:
    text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def found(path: Path, track: str, artist: str | None = None, title: str | None = None) -> str | None:
    line = read_lyrics_file(path).find(path.parent / track, artist=artist, title=title)
    return line and line.lyrics


def test_a_track_is_found_by_its_path_its_name_or_its_stem(tmp_path: Path) -> None:
    lines = [
        {"audio": "audio/a.opus", "lyrics": "by path"},
        {"audio": "/elsewhere/b.opus", "lyrics": "by name"},
        {"id": "c", "lyrics": "by stem"},
    ]
    path = write(tmp_path / "songs.jsonl", *lines)
    assert found(path, "audio/a.opus") == "by path"
    assert found(path, "music/b.opus") == "by name"
    assert found(path, "c.flac") == "by stem"
    assert found(path, "d.flac") is None


def test_a_track_is_found_by_the_artist_and_title_of_its_tags(tmp_path: Path) -> None:
    path = write(tmp_path / "songs.jsonl", {"composer": "Wandering  Clerks", "title": "KETTLE", "lyrics": "hums"})
    assert found(path, "x.mp3", "wandering clerks", "Kettle") == "hums"
    assert found(path, "x.mp3", None, "Kettle") is None


def test_what_several_lines_claim_is_nobodys_but_for_its_path(tmp_path: Path) -> None:
    lines = [{"audio": f"{album}/01.opus", "lyrics": album} for album in ("one", "two")]
    path = write(tmp_path / "songs.jsonl", *lines, {"id": "c", "lyrics": "x"}, {"id": "c", "lyrics": "y"})
    assert found(path, "two/01.opus") == "two"
    assert found(path, "three/01.opus") is None
    assert found(path, "c.mp3") is None


def test_lyrics_lose_their_stamps_and_instrumental_ones_are_none(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", {"id": "a", "lyrics": "[00:01.00]hums"}, {"id": "b", "lyrics": "Instrumental"})
    assert found(path, "a.mp3") == "hums"
    assert found(path, "b.mp3") is None


@pytest.mark.parametrize(
    ("said", "code"), [("de", "de"), ("PT-br", "pt"), ("German", None), (None, None), (7, None), ([], None)]
)
def test_a_language_that_is_no_code_does_not_spoil_the_line(tmp_path: Path, said: object, code: str | None) -> None:
    read = read_lyrics_file(write(tmp_path / "s.jsonl", {"id": "a", "lyrics": "hums", "lang": said}))
    assert read.invalid == ()
    found_line = read.find(Path("a.mp3"), artist=None, title=None)
    assert found_line is not None
    assert found_line.lang == code


@pytest.mark.parametrize(
    "bad", ["not json", "[]", {"id": 7}, {"lyrics": SECRET}, {"id": "b", "lyrics": [SECRET]}, {"audio": "a\0b"}]
)
def test_lines_that_are_no_song_are_counted_by_number(tmp_path: Path, bad: object) -> None:
    path = write(tmp_path / "songs.jsonl", {"id": "a", "lyrics": "hums"}, "", bad, {"id": "c"}, bad)
    assert read_lyrics_file(path).invalid == (3, 5)


def test_no_message_shows_a_line(tmp_path: Path) -> None:
    path = write(tmp_path / "songs.jsonl", {"lyrics": SECRET})
    with pytest.raises(BadInput, match=r"no line of .* is a song") as raised:
        read_lyrics_file(path)
    assert SECRET not in str(raised.value)
    with pytest.raises(BadInput, match="cannot be read"):
        read_lyrics_file(tmp_path)
    good = read_lyrics_file(write(tmp_path / "songs.jsonl", {"id": "a", "lyrics": SECRET}))
    assert SECRET not in repr(good)
    assert SECRET not in repr(good.find(Path("a.mp3"), artist=None, title=None))


@given(content=st.binary(max_size=200))
def test_any_bytes_are_invalid_lines_and_never_a_fault(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("lines") / "songs.jsonl"
    path.write_bytes(b'{"id": "a"}\n' + content)
    assert set(read_lyrics_file(path).invalid) <= set(range(2, 203))
