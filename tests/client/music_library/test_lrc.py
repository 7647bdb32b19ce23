import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.music_library.lrc import has_stamps, lrc_lines, srt_lines

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="[]<>\r\n", exclude_categories=("C", "Z")), max_size=9)
STAMPS = st.tuples(st.integers(0, 99), st.integers(0, 59), st.integers(0, 99))


def test_stamps_and_headers_are_left_out() -> None:
    text = "[ar: Clerks]\n[ti:Kettle]\n[offset:+250]\n[00:01.00]the kettle hums\n[00:04.50] the window's grey\n"
    assert lrc_lines(text) == ["the kettle hums", "the window's grey"]


def test_a_line_with_several_stamps_is_sung_as_often_and_in_their_order() -> None:
    text = "[00:10.00][01:00.00]chorus\n[00:20.00]verse two\n[00:05]verse one"
    assert lrc_lines(text) == ["verse one", "chorus", "verse two", "chorus"]


def test_word_stamps_are_left_out() -> None:
    assert lrc_lines("[00:01.00]<00:01.00>the <00:01.40>kettle<00:01.90> hums") == ["the kettle hums"]


@pytest.mark.parametrize("stamp", ["[00:01]", "[0:01.5]", "[00:01:50]", "[00:01.500]", "  [100:01.50] "])
def test_stamps_are_written_in_several_ways(stamp: str) -> None:
    assert lrc_lines(f"{stamp}hums") == ["hums"]


def test_words_in_brackets_that_are_no_header_stay() -> None:
    assert lrc_lines("[Chorus]\n[00:01.00]hums [softly]") == ["[Chorus]", "hums [softly]"]


def test_a_line_without_a_stamp_follows_the_one_before_it() -> None:
    assert lrc_lines("[00:09.00]late\nafter late\n[00:01.00]early") == ["early", "late", "after late"]


def test_plain_text_has_no_stamps() -> None:
    assert not has_stamps("the kettle [00:01.00] hums")
    assert has_stamps("\n [00:01.00]hums")


@given(lines=st.lists(st.tuples(STAMPS, WORDS)))
def test_every_stamped_line_comes_back_by_time(lines: list[tuple[tuple[int, int, int], str]]) -> None:
    text = "\n".join(f"[{m:02}:{s:02}.{c:02}]{words}" for (m, s, c), words in lines)
    assert lrc_lines(text) == [words for _, words in sorted(lines, key=lambda line: line[0])]


@given(text=st.text())
def test_any_text_is_taken(text: str) -> None:
    assert len(lrc_lines(text)) <= len(text) + 1
    srt_lines(text)


def test_subtitles_lose_numbers_times_and_markup() -> None:
    first = "1\n00:00:01,000 --> 00:00:02,500\n<i>the kettle</i> hums\n\n"
    text = f"{first}2\n00:00:03,000 --> 00:00:04,000\n99\nballoons\n"
    assert [line for line in srt_lines(text) if line] == ["the kettle hums", "99", "balloons"]
