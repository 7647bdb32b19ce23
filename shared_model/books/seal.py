"""A seal over the files of a folder: their hashes, signed, so that no bit of them changes unseen.

A signed note (`shared_model.books.notes`) whose text is a first line, then `SHA-256  relative/path` of each file.
"""

import hashlib
from pathlib import Path, PurePosixPath

from shared_model.books.notes import Signer, Verifier, open_note, sign_note
from shared_model.errors import BadInput

SEAL = "seal"
_FIRST_LINE = "sottovoce seal v1"
_CHUNK = 1 << 20


def sealed_files(files: dict[str, str], signer: Signer) -> bytes:
    """The seal of files, by their paths below the folder, and their SHA-256 in hexadecimal."""
    lines = [_FIRST_LINE, *(f"{files[path]}  {path}" for path in sorted(files))]
    return sign_note("\n".join(lines) + "\n", signer)


def open_seal(content: bytes, verifier: Verifier) -> dict[str, str]:
    """Path -> SHA-256 of a seal that `verifier` signed. Raises BadInput."""
    first, *lines = open_note(content, [verifier], what="seal").splitlines()
    files = {path: sha256 for sha256, _, path in (line.partition("  ") for line in lines)}
    inside = all(not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts for path in files)
    if first != _FIRST_LINE or len(files) != len(lines) or "" in files or not inside:
        raise BadInput(f"seal: not of the form '{_FIRST_LINE}'; use the version of sottovoce that wrote it")
    return files


def file_sha256(path: Path) -> str:
    """In hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
