"""The round log as devices may see it: what was signed, read from its files.

`RoundLog` writes them, in this process or in another; a leaf counts here when the checkpoint on disk covers it.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

from shared_model.books.checkpoint import Checkpoint, open_checkpoint
from shared_model.books.merkle import Tree, leaf_hash
from shared_model.books.notes import Verifier
from shared_model.books.round_log import CHECKPOINT, LEAVES, Intent, decode_leaf
from shared_model.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A round's intent, with its place in the log of `size` leaves."""

    leaf: bytes
    index: int
    inclusion: tuple[bytes, ...]


class LogView:
    """folder: of the log. Safe from many threads. Raises BadInput where the files do not fit each other."""

    def __init__(self, folder: Path, verifier: Verifier) -> None:
        self._folder, self._verifier = folder, verifier
        self._lock = threading.Lock()
        self._tree, self._read_bytes = Tree(), 0
        self._intents: dict[tuple[str, int], tuple[int, bytes]] = {}

    def checkpoint(self) -> Checkpoint:
        """What was signed last."""
        with self._lock:
            return self._caught_up()

    def consistency(self, seen_size: int, size: int) -> tuple[bytes, ...]:
        """That the log of `size` leaves begins with that of `seen_size`. Raises IndexError beyond what was signed."""
        with self._lock:
            return self._tree.consistency_proof(seen_size, size)

    def announced(self, run: str, number: int, *, size: int) -> Announced | None:
        """The intent of a round, None where the first `size` leaves have none."""
        with self._lock:
            index, leaf = self._intents.get((run, number), (size, b""))
            if index >= size:
                return None
            return Announced(leaf=leaf, index=index, inclusion=self._tree.inclusion_proof(index, size))

    def _caught_up(self) -> Checkpoint:
        """Read the checkpoint first: its leaves were synced before it."""
        note = (self._folder / CHECKPOINT).read_bytes()
        checkpoint = open_checkpoint(note, self._verifier, what="round log")
        if checkpoint.size > len(self._tree):
            self._read_until(checkpoint.size)
        if checkpoint.size != len(self._tree) or self._tree.root() != checkpoint.root:
            raise BadInput(f"round log {self._folder}: the leaves are not those that were signed; nothing is given out")
        return checkpoint

    def _read_until(self, size: int) -> None:
        with (self._folder / LEAVES).open("rb") as file:
            file.seek(self._read_bytes)
            while len(self._tree) < size:
                line = file.readline()
                if not line.endswith(b"\n"):
                    break
                leaf, content = decode_leaf(line[:-1], what="round log"), line[:-1]
                if isinstance(leaf, Intent):
                    self._intents[leaf.run, leaf.round] = (len(self._tree), content)
                self._tree.append(leaf_hash(content))
                self._read_bytes += len(line)
