import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.encoders.words import NO_LYRICS, has_words


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " \n",
        "Instrumental.",
        "*instrumental*",
        "(Instrumentalstück)",
        "(Instrumentalstu\u0308ck)",
        "[INSTRUMENTAL]",
        "ＩＮＳＴＲＵＭＥＮＴＡＬ",
        "~ Instrumental ~\n\n~ Instrumental ~",
        "♪ instrumental ♪",
        "No lyrics",
        "[No lyrics available.]",
        "This song is instrumental!",
        "Lyrics: not found",
        "ohne Text",
        "(sans paroles)",
        "Strumentale",
        "versión instrumental",
        "Инструментал",
        "インストゥルメンタル",
        "纯音乐，请欣赏",
        "此歌曲为没有填词的纯音乐，请您欣赏",
        "♪",
        "🎵🎶",
        "... !!! ...",
        "12:30",
        "_ _ _",
    ],
)
def test_what_says_that_nothing_is_sung_is_no_lyrics(text: str | None) -> None:
    assert not has_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "Instrumental to my happiness",
        "the kettle\n(instrumental)\nhums",
        "No lyrics could say it",
        "Ohne Text und ohne dich",
        "la la la",
        "海",
        "♪ hums ♪",
        "99 balloons",
        "هم",
        "ก",
        "Instrumental music plays, and nobody dances",
    ],
)
def test_a_song_with_such_words_among_others_is_a_song(text: str) -> None:
    assert has_words(text)


@given(phrase=st.sampled_from(sorted(NO_LYRICS)), marks=st.text("[]()*~-.!♪ \t", max_size=6))
def test_marks_around_it_and_its_case_do_not_count(phrase: str, marks: str) -> None:
    assert not has_words(f"{marks}{phrase.upper()}{marks}\n{phrase}")
    assert has_words(f"{marks}{phrase}{marks}\nhums")
