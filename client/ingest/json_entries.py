"""JSON read an entry at a time, in the memory of one entry: the standard library's scanner over a sliding window.

(Neither the length nor the depth of an entry can be bounded with ijson.)
"""

import json
from collections.abc import Iterator
from typing import TextIO

from client.ingest.export_file import ExportFile, Unreadable

LONGEST_ENTRY = 2**20
"""Characters. The longest entries known, ListenBrainz', may have 10,240."""
_CHUNK = 2**16
_DEEPEST = 8
_SPACE = " \t\r\n"
_AFTER_NUMBER = frozenset(f"{_SPACE},]}}")
_DECODER = json.JSONDecoder()


def json_entries(file: ExportFile, *, into: frozenset[str] = frozenset()) -> Iterator[tuple[int, object]]:
    """The items of the array that the file is, numbered from 1.

    into: keys under which objects hold more items, to any depth up to 8; an object without them is an item itself.
    Raises Unreadable where the text ends early or is not JSON: what came before it has been given.
    """
    with file.text() as text:
        scanner = _Scanner(text, into)
        if not scanner.peek():
            raise Unreadable("is empty")
        yield from enumerate(scanner.items(_DEEPEST), start=1)
        if scanner.peek():
            raise Unreadable("goes on behind the end of its JSON")


class _Scanner:
    def __init__(self, text: TextIO, into: frozenset[str]) -> None:
        self._text = text
        self._into = into
        self._window = ""
        self._at = 0

    def items(self, depth: int) -> Iterator[object]:
        """The items of the value that comes next."""
        opening = self.peek()
        if depth and opening == "[":
            yield from self._array(depth)
        elif depth and opening == "{" and self._into:
            yield from self._object(depth)
        else:
            yield self.value()

    def _array(self, depth: int) -> Iterator[object]:
        self._at += 1
        if self.peek() != "]":
            while True:
                if self._into:
                    yield from self.items(depth - 1)
                else:
                    yield self.value()
                if self.peek() != ",":
                    break
                self._at += 1
        self._expect("]")

    def _object(self, depth: int) -> Iterator[object]:
        members: dict[str, object] = {}
        is_item, length = True, 0
        self._at += 1
        if self.peek() != "}":
            while True:
                key = self.value() if self.peek() == '"' else None
                if not isinstance(key, str):
                    raise Unreadable("stops being JSON")
                self._expect(":")
                if key in self._into:
                    is_item = False
                    yield from self.items(depth - 1)
                else:
                    members[key] = self.value()
                    length += len(key) + self._last_length
                    if length > LONGEST_ENTRY:
                        raise Unreadable(f"has an entry of more than {LONGEST_ENTRY:,} characters")
                if self.peek() != ",":
                    break
                self._at += 1
        self._expect("}")
        if is_item:
            yield members

    def value(self) -> object:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._window, self._at)
            except (ValueError, RecursionError):  # incomplete, or no JSON: more text will tell
                end = -1
            # a number at the window's end may go on behind it (`0.` of `0.5`)
            if end > 0 and (self._window[end - 1] in '}]"' or self._window[end : end + 1] in _AFTER_NUMBER):
                break
            if len(self._window) - self._at > LONGEST_ENTRY:
                raise Unreadable(f"stops being JSON, or has an entry of more than {LONGEST_ENTRY:,} characters,")
            if not self._fill():
                if end > 0:
                    break
                raise Unreadable("stops being JSON")
        self._last_length = end - self._at
        self._at = end
        return value

    def peek(self) -> str:
        """The next character that is not space, empty at the end."""
        while True:
            while self._at < len(self._window):
                character = self._window[self._at]
                if character not in _SPACE:
                    return character
                self._at += 1
            if not self._fill():
                return ""

    def _expect(self, character: str) -> None:
        if self.peek() != character:
            raise Unreadable("stops being JSON")
        self._at += 1

    def _fill(self) -> bool:
        more = self._text.read(_CHUNK)
        self._window = self._window[self._at :] + more
        self._at = 0
        return bool(more)
