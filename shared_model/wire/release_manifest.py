"""What a release is made of: files by their hash, numbered, signed once by the release key.

A signed note (https://c2sp.org/signed-note) of two lines: the name of the key, and canonical JSON.
"""

import re
from dataclasses import dataclass

from shared_model import canonical_json
from shared_model.books.notes import Signer, Verifier, open_note, sign_note
from shared_model.books.spelling import read, require_sha256, spell
from shared_model.errors import BadInput
from shared_model.wire.limits import FILE_BYTES, FILES

FORMAT_VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFile:
    """name: for people and programs, never a path; size_bytes: at most 1 TiB."""

    name: str
    sha256: str
    size_bytes: int

    def __post_init__(self) -> None:
        require_sha256("sha256", self.sha256)
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a plain name of letters, digits, dots, hyphens, underscores")
        if not 0 <= self.size_bytes <= FILE_BYTES:
            raise ValueError(f"{self.name} has {self.size_bytes} bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseManifest:
    """number: from 1, one more with each release; made_at_s: Unix seconds."""

    format: int
    number: int
    made_at_s: int
    files: tuple[ReleaseFile, ...]

    def __post_init__(self) -> None:
        if self.format != FORMAT_VERSION:
            raise ValueError(f"format {self.format}")
        if self.number < 1 or not 0 < len(self.files) <= FILES:
            raise ValueError(f"release {self.number} of {len(self.files)} files cannot be")
        if len({file.name for file in self.files}) != len(self.files):
            raise ValueError("a name comes twice")

    def signed(self, signer: Signer) -> bytes:
        """The note."""
        return sign_note(f"{signer.name}\n{canonical_json.encode(spell(self)).decode()}\n", signer)


def open_manifest(content: bytes, verifier: Verifier) -> ReleaseManifest:
    """The manifest in a note that `verifier` signed. Raises BadInput."""
    lines = open_note(content, [verifier], what="release").split("\n")
    if len(lines) != 3 or lines[0] != verifier.name:
        raise BadInput("release: signed, but not a manifest; tell the operator")
    return read(ReleaseManifest, canonical_json.decode(lines[1].encode(), what="release"), what="release")
