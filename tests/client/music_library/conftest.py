"""A folder of tiny sound files, and encoders that count what they are given."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from client.music_library.encode import Encoders, LazyAudio

FIXTURES = Path(__file__).parents[2] / "fixtures" / "music"


class CountingLyrics:
    """A vector drawn by the words' hash."""

    name = "invented-lyrics"

    def __init__(self) -> None:
        self.given: list[str] = []

    def encode(self, words: str) -> np.ndarray:
        self.given.append(words)
        seed = int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big")
        return np.random.default_rng(seed).normal(size=8).astype(np.float32)


class CountingAudio(LazyAudio):
    """The real one."""

    def __init__(self) -> None:
        super().__init__(None)
        self.given: list[str] = []

    def encode(self, path: Path) -> np.ndarray | None:
        self.given.append(path.name)
        return super().encode(path)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A copy of the fixtures: files with tags, without, silent, cut, empty and of text."""
    return Path(shutil.copytree(FIXTURES, tmp_path / "music"))


@pytest.fixture
def encoders() -> Encoders:
    return Encoders(lyrics=CountingLyrics(), audio=CountingAudio())
