"""Randomness for tests of the arithmetic: reproducible, and crafted."""

from collections.abc import Callable
from dataclasses import dataclass

from shared_model.privacy.randomness import KeyedRandomness, Randomness, key_from_seed


def keyed(number: int) -> Callable[[str], Randomness]:
    """Streams by purpose, those of one number independent of another's."""
    return lambda purpose: KeyedRandomness(key=key_from_seed(number), purpose=purpose, round=0)


@dataclass(frozen=True)
class Crafted:
    """Says what it was told to say."""

    content: bytes
    label: str = "reproducible"

    def draw(self, size_bytes: int) -> bytes:
        assert size_bytes == len(self.content)
        return self.content
