"""Scripts without spaces, from right to left, mixed, and a word without an end, with the real encoder."""

import numpy as np
import pytest

from shared_model.encoders.lyrics import LyricsEncoder

SCRIPTS = {
    "hebrew": "המנורה ליד התעלה עדיין דולקת, ואיש אינו יודע לאן שטות הסירות. ",
    "arabic": "المصباح عند القناة ما زال مضيئا، ولا أحد يعرف إلى أين تذهب القوارب. ",
    "thai": "โคมไฟริมคลองยังส่องสว่างไม่มีใครรู้ว่าเรือจะไปที่ไหน",
    "chinese": "运河边的灯还亮着没有人知道船要开往哪里",
    "japanese": "運河の灯りはまだともっていて舟がどこへ行くのか誰も知らない",
    "mixed": "運河の灯り, der Bäcker pfeift, โคมไฟ, המנורה. ",
    "a word without an end": "kettlehumsbythewindow",
    "emoji": "👩\u200d🎤🎵💔",
}


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_windows_of_any_script_join_to_the_text_and_none_has_to_be_cut_again(e5: LyricsEncoder, text: str) -> None:
    long = text * 120
    windows = e5.windows(long)
    assert len(windows) > 1
    assert "".join(windows) == long
    assert all(e5.windows(window) == [window] for window in windows)


def test_a_text_that_is_repeated_is_nearest_to_itself_said_twice(e5: LyricsEncoder) -> None:
    texts = [SCRIPTS[name] for name in sorted(SCRIPTS.keys() - {"emoji"})]
    twice, often = (
        e5.encode_raw([text * 2 for text in texts]).vectors,
        e5.encode_raw([text * 60 for text in texts]).vectors,
    )
    np.testing.assert_allclose(np.linalg.norm(often, axis=1), 1, atol=1e-5)
    cosines = often @ twice.T
    assert np.diag(cosines).min() > 0.9
    assert cosines.argmax(axis=1).tolist() == list(range(len(texts)))


def test_emoji_alone_are_no_lyrics(e5: LyricsEncoder) -> None:
    assert not e5.encode([SCRIPTS["emoji"] * 60]).present.any()
