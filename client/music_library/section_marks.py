"""Marks in lyrics that nobody sings: [Chorus], [Verse 2: somebody], Refrain:, (x2)."""

import re
from collections.abc import Iterable
from typing import Final

_SECTIONS: Final = (
    "intro|outro|verse|chorus|pre-?chorus|post-?chorus|bridge|hook|refrain|interlude|instrumental|solo|break|coda|"
    "strophe|zwischenspiel|couplet|pont|estribillo|verso|estrofa|puente|ritornello|strofa|ponte|refrão|"
    "припев|куплет|サビ|副歌|主歌"
)
"""In the languages of the lyrics that were met."""
_BRACKETED = re.compile(r"\[[^\[\]]{1,80}\]")
_NAMED = re.compile(rf"\(?(?:{_SECTIONS})(?:\s*(?:\d{{1,2}}|[ivx]{{1,4}}))?\)?\s*:?", re.IGNORECASE)
_REPEATED = re.compile(r"(?:\s*[\[(]\s*(?:[x×]\s*\d{1,2}|\d{1,2}\s*[x×]|bis|ter)\s*[\])])+$", re.IGNORECASE)

_LONGEST_MARK: Final = 80
"""Characters at the end of a line in which a count of repeats is looked for: the search is quadratic."""


def without_section_marks(lines: Iterable[str]) -> list[str]:
    """The lines that are sung: without those that are a mark, and without "(x2)" at the end of the others.

    A line that is all in square brackets is a mark, whatever it says; one of a single word, or in round brackets, where
    the word names a section.
    """
    sung = []
    for line in lines:
        words = (line[:-_LONGEST_MARK] + _REPEATED.sub("", line[-_LONGEST_MARK:])).rstrip()
        is_mark = bool(line.strip()) and not words
        if not (is_mark or _BRACKETED.fullmatch(words) or _NAMED.fullmatch(words)):
            sung.append(words)
    return sung
