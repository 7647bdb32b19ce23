"""A random rotation that both sides know: it spreads every vector evenly over its numbers, so that they need few bits.

Signs from a public seed, then a Hadamard matrix, scaled to be orthonormal (Kairouz, Liu and Steinke 2021, arXiv
2102.06387, section 4): norms stay, and white noise stays white. All that is asked of the matrix is that its entries are
alike but for their signs and its rows orthogonal. Walsh's are of orders 2^k; with Paley's of 12 and 20 (1933) before
them there are orders 12 * 2^k and 20 * 2^k, too, so that no vector above 8 numbers grows by more than a third.
Letters: K vectors, d numbers, D >= d the least order.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shared_model.privacy.randomness import KeyedRandomness

Vectors = NDArray[np.float64]
_PALEY_ORDERS = (12, 20)


def padded_size(size: int) -> int:
    """D: from d = `size` on, the next of 2^k, 12 * 2^k and 20 * 2^k."""
    return min(order << (-(-size // order) - 1).bit_length() for order in (1, *_PALEY_ORDERS))


def rotate(vectors: Vectors, *, seed: bytes) -> Vectors:
    """(K, d) to (K, D), zeros appended. seed: 32 public bytes, that no vector depends on."""
    size = vectors.shape[1]
    turned = np.zeros((len(vectors), padded_size(size)))
    np.multiply(vectors, _signs(turned.shape[1], seed)[:size], out=turned[:, :size])
    return _walsh_hadamard(_paley(turned))


def rotate_back(vectors: Vectors, *, size: int, seed: bytes) -> Vectors:
    """The inverse: (K, D) to (K, d), d = `size`."""
    back = _paley(_walsh_hadamard(vectors.copy()), back=True)
    back *= _signs(vectors.shape[1], seed)
    return back[:, :size]


def _signs(size: int, seed: bytes) -> Vectors:
    stream = KeyedRandomness(key=seed, purpose="rotation", round=0)
    bits = np.unpackbits(np.frombuffer(stream.draw(-(-size // 8)), np.uint8))[:size]
    return np.where(bits, -1.0, 1.0)


def _paley(vectors: Vectors, *, back: bool = False) -> Vectors:
    """(K, D) by Paley's matrix over the first of two axes of D = order * 2^k, orthonormal; unchanged where D = 2^k.
    back: by its inverse, the transpose.

    Column after column, as a matrix product may round otherwise for other K.
    """
    count, size = vectors.shape
    order = _order(size)
    if order == 1:
        return vectors
    matrix = paley_hadamard(order).T if back else paley_hadamard(order)
    parts = vectors.reshape(count, order, size // order)
    turned = np.zeros_like(parts)
    for place in range(order):
        turned += matrix[None, :, place, None] * parts[:, place, None]
    turned *= order**-0.5
    return turned.reshape(count, size)


@lru_cache(maxsize=len(_PALEY_ORDERS))
def paley_hadamard(order: int) -> Vectors:
    """(q + 1, q + 1) of entries 1 and -1 with orthogonal rows, for a prime q = `order` - 1 of the form 4 n + 3.

    Paley's first construction: I + S, where S has ones above, minus ones on the left, and elsewhere whether the
    difference of row and column is a square modulo q.
    """
    prime = order - 1
    squares = {number**2 % prime for number in range(1, prime)}
    character = np.array([0, *(1 if number in squares else -1 for number in range(1, prime))], np.float64)
    places = np.arange(prime)
    matrix = np.eye(order)
    matrix[0, 1:] = 1.0
    matrix[1:, 0] = -1.0
    matrix[1:, 1:] += character[(places[:, None] - places[None, :]) % prime]
    return matrix


def _order(size: int) -> int:
    """Of Paley's matrix in one of `padded_size`, 1 for none: odd parts of 3 and 5 are of 12 and 20."""
    return {1: 1, 3: 12, 5: 20}[size // (size & -size)]


def _walsh_hadamard(vectors: Vectors) -> Vectors:
    """In place, orthonormal, its own inverse, over the last axis of D = order * 2^k."""
    count, size = vectors.shape
    width = size // _order(size)
    half = 1
    while half < width:
        pairs = vectors.reshape(count, size // (2 * half), 2, half)
        first, second = pairs[:, :, 0], pairs[:, :, 1]
        first += second
        second *= -2.0
        second += first
        half *= 2
    vectors *= width**-0.5
    return vectors
