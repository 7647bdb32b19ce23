"""Releases on disk: files by their hash, and signed manifests by their number.

    releases/files/SHA256     content, never changed and never named by anything else
    releases/NUMBER.note      the signed manifest, written when all of its files are there

What is asked for is looked up by 64 hexadecimal digits that were checked: no path ever comes from outside.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from shared_model.books.notes import Verifier
from shared_model.wire.head import Latest
from shared_model.wire.release_manifest import ReleaseFile, ReleaseManifest, open_manifest

_NOTE = re.compile(r"([1-9][0-9]{0,14})\.note", re.ASCII)


@dataclass(frozen=True, slots=True)
class Releases:
    """folder: of `Place.releases`. It is read anew each time, so that publishing needs no restart."""

    folder: Path

    def latest(self) -> Latest | None:
        """The newest release, None before the first."""
        number = self.last_number()
        if number == 0:
            return None
        note = (self.folder / f"{number}.note").read_bytes()
        return Latest(number=number, sha256=hashlib.sha256(note).hexdigest())

    def last_number(self) -> int:
        """0 before the first."""
        found = (_NOTE.fullmatch(path.name) for path in self.folder.iterdir())
        return max((int(match[1]) for match in found if match), default=0)

    def newest(self, verifier: Verifier) -> ReleaseManifest | None:
        """What the newest release is made of, None before the first. Raises BadInput where it was changed."""
        number = self.last_number()
        return open_manifest((self.folder / f"{number}.note").read_bytes(), verifier) if number else None

    def manifest(self, sha256: bytes) -> bytes | None:
        """The signed note with that hash; only the newest is given out."""
        number = self.last_number()
        note = (self.folder / f"{number}.note").read_bytes() if number else b""
        return note if number and hashlib.sha256(note).digest() == sha256 else None

    def file(self, sha256: bytes) -> Path | None:
        """The file with that content."""
        path = self.path_of(sha256)
        return path if path.is_file() else None

    def content_of(self, file: ReleaseFile) -> Path:
        """Where a file of a release lies."""
        return self.path_of(bytes.fromhex(file.sha256))

    def path_of(self, sha256: bytes) -> Path:
        """Where a file with that content lies. Raises ValueError for what is no SHA-256."""
        if len(sha256) != hashlib.sha256().digest_size:
            raise ValueError(f"a SHA-256 has 32 bytes, not {len(sha256)}")
        return self.folder / "files" / sha256.hex()
