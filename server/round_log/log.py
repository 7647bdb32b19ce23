"""The log on disk: one leaf a line, a signed checkpoint, and the public key.

    leaves.jsonl     appended and synced before the checkpoint that covers it is written
    checkpoint       the signed note, replaced atomically
    key.pub          the vkey

Killed between leaf and checkpoint, the leaf is signed when the log is opened next. Killed within a leaf, its beginning
is cut off: nobody was ever told of it.
"""

import os
from pathlib import Path

from shared_model.books.checkpoint import Checkpoint, open_checkpoint
from shared_model.books.law import Law
from shared_model.books.merkle import Tree, leaf_hash
from shared_model.books.notes import Signer, Verifier
from shared_model.books.round_log import CHECKPOINT, LEAVES, PUBLIC_KEY, Intent, Leaf, decode_leaf, encode_leaf
from shared_model.durable import write_atomically
from shared_model.errors import BadInput, Refused

Place = tuple[str, int, bool]
"""Run, round, and whether it is the intent."""


class RoundLog:
    """Opens the log in `folder`, or begins it. signer: None where nothing new is to be appended.

    One process at a time. Raises BadInput where what lies there is damaged or signed by another key.
    """

    def __init__(self, folder: Path, *, verifier: Verifier, signer: Signer | None) -> None:
        self._folder, self.verifier, self._signer = folder, verifier, signer
        self._tree, self._law = Tree(), Law()
        self._places: dict[Place, tuple[int, bytes]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        key = folder / PUBLIC_KEY
        if not key.exists():
            write_atomically(key, f"{verifier.vkey}\n".encode())
        for number, line in enumerate(self._read_leaves(), 1):
            leaf = decode_leaf(line, what=f"round log, leaf {number}")
            breach = self._law.breach(leaf)
            if breach is not None:
                raise BadInput(f"round log {folder}: leaf {number}: {breach}; restore the log from a copy")
            self._count(leaf, line)
        self._recover()

    def __len__(self) -> int:
        return len(self._tree)

    def append(self, leaf: Leaf) -> int:
        """The index of `leaf`, which is on disk below a signed checkpoint when this returns.

        A leaf that is there already is not appended again. Raises Refused for another leaf in the place of one that
        is there, and for one that breaks the law of the log.
        """
        place, content = _place(leaf), encode_leaf(leaf)
        if place in self._places:
            index, there = self._places[place]
            if there == content:
                return index
            raise Refused(
                f"round log: the {'intent' if place[2] else 'outcome'} of round {leaf.round} was logged already, and "
                "differs: what was announced is never taken back. Go on with the code and settings that the run was "
                "started with, or start it anew in another folder"
            )
        if self._signer is None:
            raise Refused(f"round log {self._folder}: it is finished, and its private key was thrown away")
        breach = self._law.breach(leaf)
        if breach is not None:
            raise Refused(f"round log: {breach}; nothing was logged")
        with (self._folder / LEAVES).open("ab") as file:
            file.write(content + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._count(leaf, content)
        self._sign(self._signer)
        return len(self) - 1

    def checkpoint(self) -> bytes:
        """The latest signed note."""
        return (self._folder / CHECKPOINT).read_bytes()

    def inclusion_proof(self, index: int, size: int) -> tuple[bytes, ...]:
        """That the leaf is in the log of `size` leaves. Raises IndexError beyond the log."""
        return self._tree.inclusion_proof(index, size)

    def consistency_proof(self, old_size: int, size: int) -> tuple[bytes, ...]:
        """That the log of `size` leaves begins with that of `old_size`. Raises IndexError beyond the log."""
        return self._tree.consistency_proof(old_size, size)

    def _count(self, leaf: Leaf, content: bytes) -> None:
        self._places[_place(leaf)] = (len(self._tree), content)
        self._tree.append(leaf_hash(content))

    def _sign(self, signer: Signer) -> None:
        checkpoint = Checkpoint(origin=self.verifier.name, size=len(self), root=self._tree.root())
        write_atomically(self._folder / CHECKPOINT, checkpoint.signed(signer))

    def _read_leaves(self) -> list[bytes]:
        file = self._folder / LEAVES
        if not file.exists():
            write_atomically(file, b"")
        *lines, torn = file.read_bytes().split(b"\n")
        if torn:
            os.truncate(file, sum(len(line) + 1 for line in lines))
        return lines

    def _recover(self) -> None:
        """Hold the leaves against what was signed, and sign those that were not yet."""
        file = self._folder / CHECKPOINT
        signed = 0
        if file.exists():
            checkpoint = open_checkpoint(file.read_bytes(), self.verifier, what=f"round log {self._folder}")
            signed = checkpoint.size
            if signed > len(self) or self._tree.root(signed) != checkpoint.root:
                raise BadInput(
                    f"round log {self._folder}: {len(self)} leaves, and they are not the {signed} that were signed; "
                    "restore the leaves from a copy, since a log never takes anything back"
                )
        if self._signer is not None and (signed < len(self) or not file.exists()):
            self._sign(self._signer)


def _place(leaf: Leaf) -> Place:
    return leaf.run, leaf.round, isinstance(leaf, Intent)
