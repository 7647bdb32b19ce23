"""A random rotation that both sides know: it spreads every vector evenly over its numbers, so that they need few bits.

Signs from a public seed, then the Walsh-Hadamard transform, scaled to be orthonormal (Kairouz, Liu and Steinke 2021,
arXiv 2102.06387, section 4): norms stay, and white noise stays white. Letters: K vectors, d numbers, D = 2^k >= d.
"""

import numpy as np
from numpy.typing import NDArray

from shared_model.privacy.randomness import KeyedRandomness

Vectors = NDArray[np.float64]


def padded_size(size: int) -> int:
    """D: the next power of two from d = `size` on."""
    return 1 << (size - 1).bit_length()


def rotate(vectors: Vectors, *, seed: bytes) -> Vectors:
    """(K, d) to (K, D), zeros appended. seed: 32 public bytes, that no vector depends on."""
    size = vectors.shape[1]
    turned = np.zeros((len(vectors), padded_size(size)))
    np.multiply(vectors, _signs(turned.shape[1], seed)[:size], out=turned[:, :size])
    return _walsh_hadamard(turned)


def rotate_back(vectors: Vectors, *, size: int, seed: bytes) -> Vectors:
    """The inverse: (K, D) to (K, d), d = `size`."""
    back = _walsh_hadamard(vectors.copy())
    back *= _signs(vectors.shape[1], seed)
    return back[:, :size]


def _signs(size: int, seed: bytes) -> Vectors:
    stream = KeyedRandomness(key=seed, purpose="rotation", round=0)
    bits = np.unpackbits(np.frombuffer(stream.draw(-(-size // 8)), np.uint8))[:size]
    return np.where(bits, -1.0, 1.0)


def _walsh_hadamard(vectors: Vectors) -> Vectors:
    """In place, orthonormal, its own inverse."""
    count, size = vectors.shape
    half = 1
    while half < size:
        pairs = vectors.reshape(count, size // (2 * half), 2, half)
        first, second = pairs[:, :, 0], pairs[:, :, 1]
        first += second
        second *= -2.0
        second += first
        half *= 2
    vectors *= size**-0.5
    return vectors
