"""Masks: 256-bit seeds to numbers that are uniform below 2^b, and sums of them that wrap around.

Letters: d numbers, b modulus_bits.
"""

from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from numpy.typing import NDArray

SEED_BYTES = 32
_ONE_USE = bytes(16)
"""Counter and nonce. Each seed makes one mask."""


def mask(seed: bytes, size: int, *, modulus_bits: int) -> NDArray[np.unsignedinteger[Any]]:
    """(d,) uint32 where b <= 32, else uint64; the low b bits of each are uniform below 2^b, top value included.

    The stream is ChaCha20's (RFC 8439, counter from 0) under all 32 bytes of the seed, read as little-endian words. The
    bits above b are left in, since a sum modulo the word reduces to the sum modulo 2^b.
    """
    word = _word(modulus_bits)
    stream = Cipher(ChaCha20(seed, _ONE_USE), mode=None).encryptor().update(bytes(size * word.itemsize))
    return np.frombuffer(stream, dtype=word.newbyteorder("<")).astype(word, copy=False)


class MaskedSum:
    """A running sum modulo 2^b of vectors and masks."""

    def __init__(self, size: int, *, modulus_bits: int) -> None:
        self._bits = modulus_bits
        self._total = np.zeros(size, dtype=_word(modulus_bits))

    def add(self, vector: NDArray[np.uint64]) -> None:
        """vector: (d,) uint64, below 2^b."""
        self._total += vector.astype(self._total.dtype)

    def add_mask(self, seed: bytes) -> None:
        """The mask of that seed."""
        self._total += mask(seed, len(self._total), modulus_bits=self._bits)

    def subtract_mask(self, seed: bytes) -> None:
        """The same, taken away."""
        self._total -= mask(seed, len(self._total), modulus_bits=self._bits)

    def reduced(self) -> NDArray[np.uint64]:
        """(d,) uint64, below 2^b."""
        return self._total.astype(np.uint64) & np.uint64((1 << self._bits) - 1)


def _word(modulus_bits: int) -> np.dtype[Any]:
    return np.dtype(np.uint32 if modulus_bits <= 32 else np.uint64)
