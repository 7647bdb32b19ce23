"""The files of releases on this device, by their content: what is here is never fetched again.

A file that is being fetched is called `.SHA256.part`, and is gone on with after a kill; it becomes `SHA256` when its
hash is right. An encoder's folder, which its library wants under its own names, is made of links. Nothing in it is
personal.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from client.enrolment.unreachable import Unreachable
from client.files import RELEASES
from shared_model.errors import BadInput, SottovoceError
from shared_model.wire.release_manifest import ReleaseFile

FOLDER = RELEASES
_PIECE_BYTES = 1 << 20
Chunks = Callable[[int], Iterator[bytes]]
"""The content of a file from an offset on."""


@dataclass(frozen=True, slots=True)
class Cache:
    """folder: in the profile's, made when it is first needed."""

    folder: Path

    def path_of(self, file: ReleaseFile) -> Path:
        """Where it lies once it is here."""
        return self.folder / file.sha256

    def has(self, file: ReleaseFile) -> bool:
        """Whether it is here, whole: it got its name when its hash was right."""
        path = self.path_of(file)
        return path.is_file() and path.stat().st_size == file.size_bytes

    def fetch(self, file: ReleaseFile, chunks: Chunks) -> None:
        """Go on with the file where an earlier attempt ended, until it is whole.

        Raises Unreachable where it breaks off, with what came kept; BadInput where what came is not what was signed,
        with nothing kept; and what `chunks` raises.
        """
        if self.has(file):
            return
        self.folder.mkdir(exist_ok=True, mode=0o700)
        part = self._part(file)
        with part.open("ab") as kept:
            try:
                fcntl.flock(kept.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Unreachable(f"release: another process is fetching {file.name}; try again later") from error
            if self.has(file):  # that other process has just ended, and what was opened here is its file
                return
            have = _appended(kept, file, chunks)
            if have < file.size_bytes:
                raise Unreachable(
                    f"release: {file.name} broke off after {have:,} of {file.size_bytes:,} bytes; try again"
                )
            if have > file.size_bytes or _sha256(part) != file.sha256:
                part.unlink()
                raise BadInput(
                    f"release: {file.name} is not the file that was signed, and was thrown away; try again, and tell "
                    "the operator if it stays so"
                )
            part.replace(self.path_of(file))

    def require_room(self, files: Sequence[ReleaseFile]) -> None:
        """Raises SottovoceError, before anything is fetched, where the disk has no room for what is missing of them."""
        here = [self._part(file).stat().st_size for file in files if self._part(file).exists()]
        needed = sum(file.size_bytes for file in files) - sum(here)
        free = shutil.disk_usage(self.folder.parent).free
        if needed > free:
            raise SottovoceError(
                f"release: {needed:,} bytes are to be fetched, and the disk of {self.folder.parent} has room for "
                f"{free:,}; make room and try again"
            )

    def folder_of(self, files: Sequence[ReleaseFile]) -> Path:
        """A folder with those files, all of which are here, under their names; their name begins with the folder's.

        Made when it is first asked for: whole, or not at all.
        """
        listed = hashlib.sha256("".join(file.name + file.sha256 for file in files).encode()).hexdigest()
        holder, name = self.folder / f"folder-{listed}", files[0].name.partition("/")[0]
        if not holder.is_dir():
            scratch = self.folder / f".{secrets.token_hex(8)}.part"
            (scratch / name).mkdir(parents=True)
            for file in files:
                os.link(self.path_of(file), scratch / file.name)
            try:
                scratch.rename(holder)
            except OSError:  # another process was faster
                shutil.rmtree(scratch)
        return holder / name

    def keep_only(self, files: Sequence[ReleaseFile]) -> None:
        """Remove what belongs to older releases."""
        wanted = {file.sha256 for file in files}
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path.is_dir():  # links, made again when they are asked for
                shutil.rmtree(path)
            elif path.name not in wanted:
                path.unlink()

    def clear(self) -> None:
        """Remove everything."""
        self.keep_only(())
        with suppress(FileNotFoundError):
            self.folder.rmdir()

    def _part(self, file: ReleaseFile) -> Path:
        return self.folder / f".{file.sha256}.part"


def _appended(kept: BinaryIO, file: ReleaseFile, chunks: Chunks) -> int:
    """How many bytes there are when the chunks end, synced; more than the file's where too many came."""
    have = os.fstat(kept.fileno()).st_size
    if have < file.size_bytes:
        try:
            for chunk in chunks(have):
                have += len(chunk)
                if have > file.size_bytes:
                    break
                kept.write(chunk)
        finally:
            kept.flush()
            os.fsync(kept.fileno())
    return have


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
