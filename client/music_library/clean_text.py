"""A text as somebody typed it, without what programs left in it: entities, line breaks of HTML, control characters."""

import html
import re
from typing import Final

# with its semicolon alone: "R&B" and "you &me" are words
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_BREAK: Final = re.compile(r"<br\s{0,3}/?>", re.IGNORECASE)
# of what Unicode calls control characters all but tab and the ends of lines; marks of byte order; what stands for bytes
# that were no text
_UNSUNG: Final = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\ufffd]")


def clean_text(text: str) -> str:
    """Any text, also with halves of surrogate pairs, as one that can be encoded."""
    decoded = _ENTITY.sub(lambda entity: html.unescape(entity[0]), _BREAK.sub("\n", text))
    return _UNSUNG.sub("", decoded.encode("utf-8", "replace").decode("utf-8"))
