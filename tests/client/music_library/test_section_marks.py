"""What nobody sings is no lyrics, and what somebody sings stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.music_library.lyrics_beside import read_lyrics
from client.music_library.section_marks import without_section_marks


@pytest.mark.parametrize(
    "mark",
    ["[Chorus]", "[Verse 2: A singer & another]", "Refrain:", "(Bridge)", "Pre-Chorus", "VERSE IV", "[x2]",
     "(2×)", "[Chorus] (x2)", "Estribillo:", "Припев:", "[Instrumental Break]", "Solo"],
)  # fmt: skip
def test_marks_are_left_out(mark: str) -> None:
    assert without_section_marks(["Wohin so schnell,", mark, "so kraus und wild"]) == [
        "Wohin so schnell,",
        "so kraus und wild",
    ]
    assert read_lyrics(f"[00:01.00]{mark}\n") is None


@pytest.mark.parametrize(
    "line",
    ["The chorus sings", "Bridge over water", "(whispered) come", "hook, line and sinker", "Solo tú", "x2",
     "[a] and [b]", "Breaking", ""],
)  # fmt: skip
def test_words_stay(line: str) -> None:
    assert without_section_marks([line]) == [line]


def test_a_line_that_is_repeated_is_given_once_without_its_count() -> None:
    assert without_section_marks(["La la la (x4)", "Encore (bis) (x2)"]) == ["La la la", "Encore"]


def test_a_text_of_marks_alone_has_no_words() -> None:
    assert read_lyrics("[Intro]\n[Solo]\n[Outro]\n") is None


@given(st.lists(st.text(alphabet="[]()x2:ab Chorus\t", max_size=12), max_size=6))
def test_what_is_left_holds_no_more_marks(lines: list[str]) -> None:
    once = without_section_marks(lines)
    assert without_section_marks(once) == once
