"""The words of a track: from a file beside it with the same stem, else embedded in its tags.

Nothing is looked up online: that would tell a stranger what is played.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from client.music_library.clean_text import clean_text
from client.music_library.lrc import has_stamps, language_header, lrc_lines, srt_lines
from client.music_library.section_marks import without_section_marks
from shared_model.encoders.language import declared_language
from shared_model.encoders.words import has_words

SUFFIXES: Final = (".lrc", ".elrc", ".srt", ".txt")
"""In the order in which they are preferred."""

LARGEST: Final = 100_000
"""Bytes of a file, and characters of a text: more than 15,000 words are a book, not a song's. So many take the encoder
half a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lyrics:
    """words: the lines that are sung; language: the ISO 639-1 code that a header declares, None where none does."""

    words: str = field(repr=False)
    language: str | None


def lyrics_beside(track: Path) -> Lyrics | None:
    """Those of the first file beside `track` that has any; None where there is none or it cannot be read."""
    for suffix in SUFFIXES:
        text = _read(track.with_suffix(suffix))
        lyrics = None if text is None else read_lyrics(text, subtitles=suffix == ".srt")
        if lyrics is not None:
            return lyrics
    return None


def embedded_lyrics(texts: Iterable[str]) -> Lyrics | None:
    """The first of the tags' texts that has words, without stamps."""
    return next((lyrics for lyrics in map(read_lyrics, texts) if lyrics is not None), None)


def read_lyrics(text: str, *, subtitles: bool = False) -> Lyrics | None:
    """A text of any of the formats as the lines that are sung; None where it has no words, says "instrumental", or has
    more than LARGEST characters, as it is or as it is sung."""
    if len(text) > LARGEST:
        return None
    clean = clean_text(text)
    if subtitles:
        lines = srt_lines(clean)
    else:
        lines = lrc_lines(clean) if has_stamps(clean) else [line.strip() for line in clean.splitlines()]
    if sum(map(len, lines)) > LARGEST:  # a long line with hundreds of stamps
        return None
    words = "\n".join(without_section_marks(lines)).strip()
    return Lyrics(words=words, language=declared_language(language_header(clean))) if has_words(words) else None


def _read(path: Path) -> str | None:
    try:
        if path.stat().st_size > LARGEST:
            return None
        content = path.read_bytes()
    except OSError:
        return None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")  # what older Windows programs wrote
