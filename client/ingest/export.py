"""An export as it is given: a file, a folder or a zip. Nothing is unpacked to disk, and archives are bounded.

What a zip says of itself is checked first and believed by nobody: what is really read of it is counted, and held
against the size of the archive on disk. Archives inside archives are not opened.
"""

import os
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import IO

from client.ingest.export_file import ExportFile
from shared_model.errors import BadInput

MOST_FILES = 10_000
MOST_BYTES = 8 * 2**30
MOST_RATIO = 200
"""Exports shrink 5 to 30 times; the worst bombs 1,000 times and more."""
_RATIO_FREE_BYTES = 16 * 2**20
_DIRECTORY_BYTES = 2**22
_TAIL_BYTES = 2**16 + 22


@contextmanager
def opened_export(source: Path, *, listener: str | None = None, zone: tzinfo = UTC) -> Iterator[list[ExportFile]]:
    """Its files, in the order of their names (2 before 10), and open as long as the context lasts.

    listener, zone: see `ExportFile`.

    Raises BadInput for what is not there, cannot be read or is more than the bounds allow; while reading, too.
    """
    with ExitStack() as open_until_then:
        try:
            if source.is_dir():
                files = _in_order(_of_folder(source))
            elif _is_zip(source):
                _check_directory(source)
                archive = open_until_then.enter_context(zipfile.ZipFile(source))
                files = _in_order(_of_archive(archive, source))
            else:
                files = [_of_file(source, source.name)]
        except FileNotFoundError as error:
            raise BadInput(f"import: there is no {source}; name the export's file, folder or zip") from error
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise BadInput(f"import: {source.name} cannot be read as a file, folder or zip; export it anew") from error
        yield [replace(file, listener=listener, zone=zone) for file in files]


def _of_file(path: Path, name: str) -> ExportFile:
    return ExportFile(name=_printable(name), size_bytes=path.stat().st_size, opened=lambda: path.open("rb"))


def _of_folder(folder: Path) -> Iterator[ExportFile]:
    count = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent) / name
            count += 1
            if count > MOST_FILES:
                raise BadInput(
                    f"import: {folder.name} has more than {MOST_FILES:,} files; name the export's own folder"
                )
            if path.is_file() and not path.is_symlink():
                yield _of_file(path, path.relative_to(folder).as_posix())


def _of_archive(archive: zipfile.ZipFile, source: Path) -> Iterator[ExportFile]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    most_bytes = min(MOST_BYTES, MOST_RATIO * source.stat().st_size + _RATIO_FREE_BYTES)
    read = 0

    def count(size_bytes: int) -> None:
        nonlocal read
        read += size_bytes
        if read > most_bytes:
            raise _too_large(source)

    if len(members) > MOST_FILES or sum(member.file_size for member in members) > most_bytes:
        raise _too_large(source)
    top = {member.filename.partition("/")[0] + "/" for member in members}
    shared = top.pop() if len(top) == 1 else ""
    for member in members:
        yield ExportFile(
            name=_printable(member.filename.removeprefix(shared)),
            size_bytes=member.file_size,
            opened=_opener(archive, member),
            on_read=count,
        )


def _opener(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(member)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def _check_directory(path: Path) -> None:
    """Refuse a zip whose table of contents alone would fill the memory, before `zipfile` reads it."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at >= 0 and len(tail) >= at + 16 and struct.unpack_from("<I", tail, at + 12)[0] > _DIRECTORY_BYTES:
        raise _too_large(path)


def _too_large(path: Path) -> BadInput:
    return BadInput(
        f"import: {path.name} unpacks to more than an export does "
        f"({MOST_FILES:,} files, {MOST_BYTES // 2**30} GiB, {MOST_RATIO} times its size); unpack it and name the folder"
    )


def _printable(name: str) -> str:
    """A file's name that may be shown on a terminal."""
    clean = "".join(character if character.isprintable() else "?" for character in name)
    return clean if len(clean) <= 120 else f"...{clean[-117:]}"


def _in_order(files: Iterator[ExportFile]) -> list[ExportFile]:
    return sorted(files, key=lambda file: [part.zfill(12) for part in re.findall(r"\d+|\D+", file.name)])
