import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.encoders.language import ISO_639_1, declared_language, language_of

LIEDER = Path(__file__).parents[4] / "shared" / "data" / "lieder" / "songs.jsonl"
GERMAN = "Die Laterne am Kanal brennt noch, der Bäcker pfeift, und keiner weiß, wohin die Kähne fahren. " * 4
ENGLISH = "The kettle hums beside the window, and nobody has asked the rain how long it means to stay. " * 4


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (GERMAN, "de"),
        (ENGLISH, "en"),
        (ENGLISH.upper(), "en"),
        ("La lanterne brûle encore au bord du canal, et personne ne sait où vont les bateaux.", "fr"),
        ("El farol sigue encendido junto al canal y nadie sabe adónde van los barcos esta noche.", "es"),
        ("Фонарь ещё горит у канала, и никто не знает, куда плывут лодки.", "ru"),
        ("静かな海に月が昇り、私はあなたのことを想っている", "ja"),
        ("运河边的灯还亮着,没有人知道船要开往哪里", "zh"),
        ("โคมไฟริมคลองยังส่องสว่าง ไม่มีใครรู้ว่าเรือจะไปที่ไหน", "th"),
        ("המנורה ליד התעלה עדיין דולקת ואיש אינו יודע לאן שטות הסירות", "he"),
        ("المصباح عند القناة ما زال مضيئا ولا أحد يعرف إلى أين تذهب القوارب", "ar"),
    ],
)
def test_a_language_is_told(text: str, code: str) -> None:
    assert language_of(text) == code


@pytest.mark.parametrize(
    "text",
    ["", " \n", "la la la la la", "oh oh oh yeah yeah", "!!! ??? ...", "🎵🎶", "12345 67890", "xqzt wvbk plmf", "und",
     "x" * 200_000, GERMAN + ENGLISH, "\n".join([GERMAN, ENGLISH] * 3)],
)  # fmt: skip
def test_short_mixed_or_no_words_are_not_guessed(text: str) -> None:
    assert language_of(text) is None


def test_a_line_in_another_language_does_not_hide_the_songs() -> None:
    assert language_of(GERMAN * 4 + "And so the kettle hums.") == "de"


@pytest.mark.parametrize(
    ("code", "told"),
    [("de", "de"), (" DE ", "de"), ("pt-BR", "pt"), ("zh_TW", "zh"), ("xx", None), ("deu", None), ("German", None),
     ("", None), (None, None)],
)  # fmt: skip
def test_a_declared_code_counts_where_there_is_such_a_code(code: str | None, told: str | None) -> None:
    assert declared_language(code) == told


@given(st.text(st.characters()))  # also halves of surrogate pairs
def test_any_text_gives_a_code_or_none(text: str) -> None:
    assert language_of(text) in {*ISO_639_1, None}
    assert declared_language(text) in {*ISO_639_1, None}


def test_the_classifier_is_loaded_when_it_is_asked_and_not_before() -> None:
    program = (
        "import sys, shared_model.encoders.language; sys.exit('py3langid' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.integration
@pytest.mark.skipif(not LIEDER.is_file(), reason="the lieder are not beside this checkout")
def test_lieder_are_told_and_hardly_one_wrongly() -> None:
    songs = [json.loads(line) for line in LIEDER.read_text(encoding="utf-8").splitlines()]
    told = [(song["lang"], language_of(song["lyrics"])) for song in songs if song["lang"]]
    assert sum(code is not None for _, code in told) > 0.94 * len(told)
    assert sum(code not in (None, known) for known, code in told) < 0.005 * len(told)
