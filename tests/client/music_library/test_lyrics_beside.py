from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.music_library.lyrics_beside import LARGEST, Lyrics, embedded_lyrics, lyrics_beside, read_lyrics


def words_beside(track: Path) -> str | None:
    found = lyrics_beside(track)
    return found and found.words


def test_a_stamped_file_is_preferred_to_a_plain_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("plain")
    assert words_beside(tmp_path / "a.mp3") == "plain"
    (tmp_path / "a.lrc").write_text("[00:01.00]stamped")
    assert words_beside(tmp_path / "a.mp3") == "stamped"


def test_a_file_without_words_gives_way_to_the_next(tmp_path: Path) -> None:
    (tmp_path / "a.lrc").write_text("[ar:Clerks]\n[00:01.00]\n")
    assert lyrics_beside(tmp_path / "a.mp3") is None
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,500\nsubtitled\n")
    assert words_beside(tmp_path / "a.mp3") == "subtitled"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_files_of_several_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_text("für dich", encoding=encoding)
    assert words_beside(tmp_path / "a.mp3") == "für dich"


def test_a_book_beside_a_track_is_no_lyrics(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" * (LARGEST + 1))
    (tmp_path / "a.lrc").mkdir()
    assert lyrics_beside(tmp_path / "a.mp3") is None


@pytest.mark.parametrize("text", ["", " \n", "Instrumental", "[instrumental]\n", "[00:00.00] instrumental", "♪"])
def test_instrumental_or_nothing_is_no_lyrics(text: str) -> None:
    assert read_lyrics(text) is None


def test_the_first_embedded_text_with_words_counts() -> None:
    assert embedded_lyrics(["", "[00:01.00]sung"]) == Lyrics(words="sung", language=None)
    assert embedded_lyrics([]) is None


@given(text=st.text(st.characters()))  # also halves of surrogate pairs
def test_words_can_always_be_hashed_and_are_stable(text: str) -> None:
    lyrics = read_lyrics(text)
    if lyrics is not None:
        lyrics.words.encode()
        assert "\0" not in lyrics.words


@pytest.mark.parametrize(
    ("header", "code"),
    [("[la:de]", "de"), (" [LA: pt-BR ]", "pt"), ("[la:German]", None), ("[la:]", None), ("", None)],
)
def test_a_header_declares_the_language(header: str, code: str | None) -> None:
    read = read_lyrics(f"[ar:Clerks]\n{header}\n[00:01.00]hums")
    assert read == Lyrics(words="hums", language=code)
    assert "hums" not in repr(read)
