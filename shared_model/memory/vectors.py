"""Frozen vectors of a catalogue: as float32, or in half the memory, for devices.

Letters: N tracks, D numbers of a vector, M queries.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
_ROWS_AT_ONCE = 2_048
"""Rows that are widened at once: 3 MB of 384 numbers, which stay in the processor's cache."""
_ROWS_ROUNDED_AT_ONCE = 64
"""Rows that are rounded at once: 100 kB, on which six passes take less than half the time that they take on more."""


class Vectors(Protocol):
    """What is asked of (N, D) vectors; a float32 array is not one, `WholeVectors` of it is."""

    def rows(self, places: NDArray[np.integer]) -> Numbers:
        """(..., D) float32 at places (...)."""

    def products(self, queries: Numbers) -> Numbers:
        """(M, N) of queries (M, D) with every vector."""


@dataclass(frozen=True, slots=True, eq=False)
class WholeVectors:
    """As they are: (N, D) float32."""

    vectors: Numbers

    def rows(self, places: NDArray[np.integer]) -> Numbers:
        """As `Vectors.rows`."""
        found: Numbers = self.vectors[places]
        return found

    def products(self, queries: Numbers) -> Numbers:
        """As `Vectors.products`."""
        found: Numbers = queries @ self.vectors.T
        return found


@dataclass(frozen=True, slots=True, eq=False)
class BrainVectors:
    """The upper half of each float32 (bfloat16): numbers are off by 2^-9 of themselves at most, and a cosine of 384 of
    them by some 1e-4. Widening is a shift, so that a product with all takes half as long again as of float32, where
    that with IEEE's float16 takes ten times as long. halves: (N, D) uint16.
    """

    halves: NDArray[np.uint16]

    @classmethod
    def empty(cls, tracks: int, size: int) -> "BrainVectors":
        """(N, D) zeros, to be `put`."""
        return cls(np.zeros((tracks, size), np.uint16))

    def put(self, first: int, vectors: NDArray[np.floating]) -> None:
        """Set rows from `first` on, each number to the nearest that there is, ties to even. They are finite."""
        for start in range(0, len(vectors), _ROWS_ROUNDED_AT_ONCE):
            some = vectors[start : start + _ROWS_ROUNDED_AT_ONCE]
            whole = np.ascontiguousarray(some, np.float32).view(np.uint32)
            rounded = whole >> np.uint32(16)
            rounded &= np.uint32(1)
            rounded += np.uint32(0x7FFF)
            rounded += whole
            rounded >>= np.uint32(16)
            self.halves[first + start : first + start + len(some)] = rounded

    def rows(self, places: NDArray[np.integer]) -> Numbers:
        """As `Vectors.rows`."""
        return _widened(self.halves[places].astype(np.uint32))

    def products(self, queries: Numbers) -> Numbers:
        """As `Vectors.products`."""
        found = np.empty((len(queries), len(self.halves)), np.float32)
        block = np.empty((min(_ROWS_AT_ONCE, len(self.halves)), self.halves.shape[1]), np.uint32)
        for first in range(0, len(self.halves), _ROWS_AT_ONCE):
            some = self.halves[first : first + _ROWS_AT_ONCE]
            block[: len(some)] = some
            found[:, first : first + len(some)] = queries @ _widened(block[: len(some)]).T
        return found


def _widened(halves: NDArray[np.uint32]) -> Numbers:
    """In place: float32 numbers of which these are the upper halves."""
    np.left_shift(halves, np.uint32(16), out=halves)
    return halves.view(np.float32)
