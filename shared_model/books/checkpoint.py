"""Checkpoints of a log (https://c2sp.org/tlog-checkpoint): a signed note of origin, size and root."""

import base64
import binascii
from dataclasses import dataclass

from shared_model.books.merkle import HASH_BYTES
from shared_model.books.notes import Signer, Verifier, open_note, sign_note
from shared_model.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log has promised: its first `size` leaves are those below `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def signed(self, signer: Signer) -> bytes:
        """The note. The signer's name is the origin, as the specification asks for; ValueError otherwise."""
        if signer.name != self.origin:
            raise ValueError(f"the origin {self.origin!r} is signed by a key named {signer.name!r}")
        return sign_note(f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n", signer)


def open_checkpoint(content: bytes, verifier: Verifier, *, what: str = "checkpoint") -> Checkpoint:
    """The checkpoint in a note that `verifier` signed for the log of its own name; extension lines are not read.

    Raises BadInput, naming `what`.
    """
    lines = open_note(content, [verifier], what=what).split("\n")
    malformed = BadInput(f"{what}: signed, but not a checkpoint of the log {verifier.name}; fetch it again")
    if len(lines) < 4 or lines[0] != verifier.name or "" in lines[:-1]:
        raise malformed
    if not lines[1].isascii() or not lines[1].isdigit() or len(lines[1]) >= 20:
        raise malformed
    size = int(lines[1])
    try:
        root = base64.b64decode(lines[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise malformed from error
    if str(size) != lines[1] or len(root) != HASH_BYTES or base64.b64encode(root).decode() != lines[2]:
        raise malformed
    return Checkpoint(origin=lines[0], size=size, root=root)
