"""Lyrics with stamps (LRC, enhanced LRC, SRT) as plain lines in the order in which they are sung."""

import re

_STAMP = re.compile(r"\[(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?\]")
# no moment of the song, and no word either: [00:1x], [-00:01.00], [1:02:03]
_BROKEN_STAMP = re.compile(r"\[(?=[^\]\[]{0,15}\d)(?=[^\]\[]{0,15}:)[-+\d:.,x?]{1,16}\]", re.IGNORECASE)
_WORD_STAMP = re.compile(r"<\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?>")
# the headers in use; any other word in brackets, such as [Chorus], is the writer's
_HEADER = re.compile(
    r"\[(?:ar|ti|al|au|by|offset|re|ve|tool|length|lr|la|id|key|encoding|#)\s*:[^\]]*\]", re.IGNORECASE
)
_LANGUAGE = re.compile(r"^[ \t]*\[la[ \t]*:([^\]\r\n]{1,40})\][ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_CUE = re.compile(r"\d{1,3}:\d{2}:\d{2}[,.]\d{1,3}\s*-->\s*\d{1,3}:\d{2}:\d{2}[,.]\d{1,3}")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,80}>|\{\\[^{}]{0,80}\}")


def has_stamps(text: str) -> bool:
    """Whether a line begins with a stamp, as those of LRC do."""
    lines = map(str.lstrip, text.splitlines())
    return any(_STAMP.match(line) or _BROKEN_STAMP.match(line) for line in lines)


def language_header(text: str) -> str | None:
    """What the [la:] header of an LRC text says, if it has one."""
    found = _LANGUAGE.search(text)
    return None if found is None else found[1].strip()


def lrc_lines(text: str) -> list[str]:
    """The words of an LRC text, by their stamps: a line with several stamps is sung, and given, as often.

    Headers and word stamps are left out, and [offset:] with them: it moves all lines alike. A line without a stamp,
    or with one that is no time, follows the one before it. Any text is taken; one without stamps comes back as lines.
    """
    sung: list[tuple[int, str]] = []
    at_ms = 0
    for line in text.splitlines():
        rest, stamps = line.strip(), []
        while stamp := _STAMP.match(rest) or _BROKEN_STAMP.match(rest):
            if stamp.re is _STAMP:
                stamps.append(_milliseconds(*stamp.groups()))
            rest = rest[stamp.end() :].lstrip()
        if not stamps and _HEADER.fullmatch(rest):
            continue
        words = " ".join(_WORD_STAMP.sub(" ", rest).split())
        sung += [(moment, words) for moment in stamps or [at_ms]]
        at_ms = stamps[-1] if stamps else at_ms
    return [words for _, words in sorted(sung, key=lambda line: line[0])]


def srt_lines(text: str) -> list[str]:
    """The words of a SubRip text: numbers, times and markup are left out."""
    lines = [line.strip() for line in text.splitlines()]
    words = []
    for line, following in zip(lines, [*lines[1:], ""], strict=False):  # none after the last
        is_number = line.isdecimal() and _CUE.match(following) is not None
        if not is_number and not _CUE.match(line):
            words.append(_MARKUP.sub("", line).strip())
    return words


def _milliseconds(minutes: str, seconds: str, fraction: str | None) -> int:
    return (int(minutes) * 60 + int(seconds)) * 1000 + int(f"{fraction or '0':0<3}")
