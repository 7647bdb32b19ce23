"""What an interrupted build has encoded: vectors by their content and their encoder, each on disk before the next."""

import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput

Vector = NDArray[np.float32]


class EncodedBefore:
    """A file that a build keeps beside its output until it is done. found: vectors that need not be made again.

    A content is known by its bytes and by its encoder's name: what was changed, or is encoded by another version, is
    encoded anew, so that no build mixes two encoders.
    """

    def __init__(self, path: Path) -> None:
        """Open or make it.

        Raises:
            BadInput: the file cannot be written, or is none of these.
        """
        self.found = 0
        self._made: set[tuple[bytes, str]] = set()
        self._path = path
        try:
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS vectors"
                " (content BLOB, encoder TEXT, vector BLOB, PRIMARY KEY (content, encoder))"
            )
        except sqlite3.Error as error:
            raise BadInput(f"datasets build: {path} cannot be used ({error}); remove it and begin again") from error

    def vector(self, content: bytes, *, encoder: str, encode: Callable[[], Vector | None]) -> Vector | None:
        """The vector of `content`, from the file or by `encode`; None where there is nothing to encode."""
        key = (hashlib.sha256(content).digest(), encoder)
        row = self._database.execute("SELECT vector FROM vectors WHERE content = ? AND encoder = ?", key).fetchone()
        if row is not None:
            self.found += key not in self._made  # two songs may have the same words
            return None if row[0] is None else np.frombuffer(row[0], "<f4").copy()
        vector = encode()
        blob = None if vector is None else vector.astype("<f4").tobytes()
        self._database.execute("INSERT INTO vectors VALUES (?, ?, ?)", (*key, blob))
        self._made.add(key)
        return vector

    def done(self) -> None:
        """The build is whole: what was kept for another try is removed."""
        self._database.execute("DELETE FROM vectors")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        is_empty = self._database.execute("SELECT 1 FROM vectors LIMIT 1").fetchone() is None
        self._database.close()
        if is_empty:
            self._path.unlink()
