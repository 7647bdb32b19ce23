"""One file of an export, from a folder or inside an archive, read as a stream of bounded memory."""

import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import IO

HEAD_BYTES = 8192
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


def unwatched(size_bytes: int) -> None:
    """Where nobody wants to know how many bytes were read."""
    del size_bytes


class Unreadable(Exception):
    """A file that cannot be read on. Its message goes on after the file's name (`stops being JSON`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """A file that may hold plays.

    name: as messages show it; size_bytes: as its folder or archive says; listener: whose plays are wanted, where a file
    may hold those of several people; zone: where the clock stood of what wrote it, where a file names no time zone;
    on_read: told how many bytes were read, and may refuse to read on.
    """

    name: str
    size_bytes: int
    opened: Callable[[], IO[bytes]]
    on_read: Callable[[int], None] = unwatched
    listener: str | None = None
    zone: tzinfo = UTC

    def head(self) -> str:
        """The beginning of its text (8 KiB), by which a format knows it; empty where it cannot be read."""
        head = self._head()
        return head.decode(_encoding(head), errors="replace")

    def text(self) -> io.TextIOWrapper:
        """Its text: UTF-8 or, with a byte-order mark, UTF-16; line ends as they are.

        Bytes that are no UTF-8 become lone surrogates, which no entry may hold. Reading raises Unreadable for a damaged
        file, and whatever `on_read` raises.
        """
        encoding = _encoding(self._head())
        return io.TextIOWrapper(
            io.BufferedReader(_Counted(self), buffer_size=2**16),
            encoding=encoding,
            errors="replace" if encoding == "utf-16" else "surrogateescape",
            newline="",
        )

    def _head(self) -> bytes:
        try:
            with self.opened() as stream:
                return stream.read(HEAD_BYTES)
        except _DAMAGE:
            return b""


def _encoding(head: bytes) -> str:
    return "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


class _Counted(io.RawIOBase):
    """The file's bytes, counted; damage is told in one way."""

    def __init__(self, file: ExportFile) -> None:
        self._file = file
        self._stream: IO[bytes] | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            if self._stream is None:
                self._stream = self._file.opened()
            got = self._stream.read(len(buffer))
        except _DAMAGE as error:
            raise Unreadable("is damaged or encrypted") from error
        buffer[: len(got)] = got
        self._file.on_read(len(got))
        return len(got)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        super().close()
