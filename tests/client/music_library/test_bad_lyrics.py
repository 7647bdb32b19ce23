"""Files beside tracks as they are found: broken, huge, of unknown encodings, of other scripts, and without a word."""

import json
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from client.music_library.encode import Encoders
from client.music_library.library import read_tracks
from client.music_library.lyrics_beside import LARGEST, Lyrics, embedded_lyrics, lyrics_beside, read_lyrics
from client.music_library.lyrics_file import read_lyrics_file
from client.music_library.scan import scan

HEBREW = "המנורה ליד התעלה עדיין דולקת"
ARABIC = "المصباح عند القناة ما زال مضيئا"
THAI = "โคมไฟริมคลองยังส่องสว่าง"
CHINESE = "运河边的灯还亮着"
JAPANESE = "運河の灯りはまだともっている"


def words_of(folder: Path, content: bytes, suffix: str = ".txt") -> str | None:
    (folder / f"a{suffix}").write_bytes(content)
    found = lyrics_beside(folder / "a.mp3")
    return found and found.words


def words_in(text: str) -> str | None:
    found = read_lyrics(text)
    return found and found.words


def test_the_largest_text_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    line = b"the kettle hums by the window, \n"
    assert words_of(tmp_path, (line * (LARGEST // 32))) is not None
    assert words_of(tmp_path, b"x" * LARGEST) == "x" * LARGEST
    assert words_of(tmp_path, b"x" * (LARGEST + 1)) is None
    assert words_of(tmp_path, b"x" * 1_000_000) is None
    assert words_of(tmp_path, b"x" * 1_000_001) is None


def test_a_book_in_the_tags_or_in_a_lyrics_file_is_no_lyrics_either(tmp_path: Path) -> None:
    assert embedded_lyrics(["x" * (LARGEST + 1), "hums"]) == Lyrics(words="hums", language=None)
    path = tmp_path / "songs.jsonl"
    lines = [
        {"id": name, "lyrics": "x" * size} for name, size in (("a", LARGEST), ("b", LARGEST + 1), ("c", 1_000_001))
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    read = read_lyrics_file(path)
    assert read.invalid == (3,)
    found = {name: read.find(Path(f"{name}.mp3"), artist=None, title=None) for name in "ab"}
    assert {name: line is not None and line.lyrics is not None for name, line in found.items()} == {
        "a": True,
        "b": False,
    }


def test_ten_thousand_lines_are_ten_thousand_lines(tmp_path: Path) -> None:
    words = words_of(tmp_path, b"hums\n" * 10_000)
    assert words is not None
    assert words.splitlines() == ["hums"] * 10_000


@pytest.mark.parametrize("size", [LARGEST, 200_000])
def test_an_endless_word_is_a_word_up_to_the_largest_text(tmp_path: Path, size: int) -> None:
    assert words_of(tmp_path, b"a" * size) == ("a" * size if size == LARGEST else None)


@pytest.mark.parametrize(
    "text",
    ["a" + " " * (LARGEST - 2) + "b", "\n" * (LARGEST - 1) + "a", "(x2)" * (LARGEST // 4 - 1) + "a", "[la:" * 25_000,
     "[" * LARGEST, "<" * LARGEST, "&#" * (LARGEST // 2), "[00:01]" * 14_000 + "a", "<br" * 33_000],
)  # fmt: skip
def test_no_text_takes_more_time_than_its_length(text: str) -> None:
    begun = time.process_time()
    for subtitles in (False, True):
        read_lyrics(text, subtitles=subtitles)
    assert time.process_time() - begun < 5  # a tenth of a second, or minutes where a search is quadratic


def test_a_line_with_thousands_of_stamps_is_not_multiplied_without_end() -> None:
    assert words_in("[00:01]" * 100 + "hums") == "\n".join(["hums"] * 100)
    assert words_in("[00:01]" * 7_000 + "hums " * 10_000) is None


@pytest.mark.parametrize(
    "text", ["🎵🎶 💔", "!!! ... ???", "—\n–\n-", "* * *", "1 2 3", "♪ ♫ ♪", "\0\x01\x02", "\ufeff"]
)
def test_signs_alone_are_no_lyrics(tmp_path: Path, text: str) -> None:
    assert words_of(tmp_path, text.encode()) is None
    assert words_of(tmp_path, f"[00:01.00]{text}".encode(), ".lrc") is None


def test_signs_among_words_stay() -> None:
    assert words_in("🎵 hums 💔\n99!") == "🎵 hums 💔\n99!"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"h\0u\0m\0s\0", "hums"),
        (b"\x1b[31mhums\x07\x08\tby", "[31mhums\tby"),
        (b"hums\rby\r\nnow\x0bhere", "hums\nby\nnow\nhere"),
        (b"\xed\xa0\x80hums", "í\xa0€hums"),  # UTF-8 has no surrogates: taken for cp1252
        ("für dich, œuvre".encode("cp1252"), "für dich, œuvre"),
        (b"hums \x81\x8d", "hums"),  # bytes that cp1252 has no sign for
        (b"\xff\xfe" + "für".encode("utf-16-le") + b"x", "für"),  # of odd length
        (b"\xfe\xff" + "für".encode("utf-16-be"), "für"),
        (b"\xff\xfe", None),
        (b"\xff\xfe\x00\xd8h\x00u\x00m\x00", "hum"),  # half of a pair
        (b"\xef\xbb\xbfhums", "hums"),
        ("\ufeff\ufeffhums".encode(), "hums"),
    ],
)
def test_bytes_of_any_encoding_give_the_words_that_can_be_read(tmp_path: Path, content: bytes, words: str) -> None:
    assert words_of(tmp_path, content) == words


def test_halves_of_surrogate_pairs_in_tags_can_be_hashed() -> None:
    assert words_in("hums \ud83d by") == "hums ? by"


@pytest.mark.parametrize("text", [HEBREW, ARABIC, THAI, CHINESE, JAPANESE, f"{HEBREW}\nthe kettle\n{JAPANESE}"])
def test_every_script_stays_as_it_is(tmp_path: Path, text: str) -> None:
    assert words_of(tmp_path, text.encode()) == text
    assert words_of(tmp_path, f"[00:01.00]{text}".encode(), ".lrc") == text


def test_the_marks_that_scripts_need_stay() -> None:
    assert words_in("می\u200cخواهم \u200fשלום 👩\u200d🎤") == "می\u200cخواهم \u200fשלום 👩\u200d🎤"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[00:1x]hums\n[00:02.00]by", "hums\nby"),
        ("[-00:01.00]hums\n[00:02.00]by", "hums\nby"),
        ("[00:09.00]late\n[0x:--]after late\n[00:01.00]early", "early\nlate\nafter late"),
        ("[00:01.00]hums\n[--:--]by", "hums\n[--:--]by"),  # without a digit it is the writer's
        ("[1:02:03.00]hums", "hums"),
        ("[99:99.99]late\n[00:01.00]early", "early\nlate"),
        ("[00:01.00\n[00:02.00]by", "[00:01.00\nby"),
        ("[00:01.00][00:1x][00:03]hums", "hums\nhums"),
        ("[٠٠:٠١.٠٠]hums", "hums"),
        ("[00:01.00]\n[00:02.00]\n", None),
        ("[00:1x]\n[-00:02]", None),
        ("[00:01.00][Chorus]\n[00:02.00](Verse 2)", None),
        ("[ar:Clerks]\n[la:de]", None),
    ],
)
def test_broken_stamps_are_no_words_and_end_nothing(text: str, words: str | None) -> None:
    assert words_in(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I&#39;m &quot;here&quot; &amp; there", 'I\'m "here" & there'),
        ("caf&eacute; &#x1F3B5;", "café 🎵"),
        ("R&B &copy &you; &#0;&#xD800;&#99999999;", "R&B &copy &you; &#99999999;"),
        ("hums<br>by<BR />now", "hums\nby\nnow"),
        ("[00:01.00]don&apos;t", "don't"),
        ("&nbsp;&#10;", None),
    ],
)
def test_entities_of_web_pages_are_what_they_stand_for(text: str, words: str | None) -> None:
    assert words_in(text) == words


def test_a_library_of_bad_lyrics_is_scanned_and_hashed_like_any(
    tmp_path: Path, history: Engine, encoders: Encoders
) -> None:
    music = tmp_path / "music"
    music.mkdir()
    sound = Path(__file__).parents[2] / "fixtures" / "music" / "stereo.ogg"
    mixed = f"{HEBREW}\n" * 6 + CHINESE * 20
    texts = [b"\xff\xfe\x00", b"\0" * 50, b"a" * 200_000, b"\xff" * 30, b"*Instrumental*", THAI.encode(),
             mixed.encode(), b"[00:1x]\n", b"&amp;", "😀".encode() * 900]  # fmt: skip
    for number, content in enumerate(texts):
        (music / f"{number}.ogg").symlink_to(sound)
        (music / f"{number}.lrc").write_bytes(content)
    counts = scan(history, music, encoders=encoders)
    assert (counts.found, counts.broken, counts.with_lyrics) == (len(texts), 0, 3)
    assert encoders.lyrics.given == ["ÿ" * 30, THAI, mixed]
    assert counts.languages == {"th": 1, "unsure": 2}
    with history.connect() as connection:
        assert len({row.lyrics_sha256 for row in read_tracks(connection).values()}) == 4
