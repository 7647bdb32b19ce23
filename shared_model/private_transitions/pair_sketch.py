"""Pairs in a vector of fixed size, which secure aggregation can add up and noise: a count sketch.

Charikar, Chen and Farach-Colton 2002, "Finding frequent items in data streams". A device puts +1 or -1 into one cell of
each row for each of its pairs; a pair's count is the median over the rows of its cells, each with the pair's sign. What
other pairs and the noise put there is as often above as below. Letters: P pairs, d rows, w cells of a row.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput
from shared_model.private_transitions.own_pairs import Keys

Signed = NDArray[np.int64]
_GOLDEN, _MIX = np.uint64(0x9E3779B97F4A7C15), (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True, slots=True, kw_only=True)
class SketchShape:
    """rows: d, odd, so that there is a median; width: w; salt: public, the same for everyone in a round and drawn anew
    for each, so that no two pairs share cells for ever."""

    rows: int
    width: int
    salt: int

    def __post_init__(self) -> None:
        if self.rows < 1 or self.rows % 2 == 0 or self.width < 2 or not 0 <= self.salt < 2**63:
            raise BadInput(
                f"pair sketch: {self.rows} rows of {self.width} with salt {self.salt}; rows must be odd, the width 2 "
                "or more, and the salt 0 or more"
            )

    @property
    def size(self) -> int:
        """Numbers of the vector, d w."""
        return self.rows * self.width

    def norm(self, pairs: int) -> float:
        """sqrt(P d): the L2 norm of P pairs none of which meet in a cell; one with more is clipped to it."""
        return float(np.sqrt(pairs * self.rows))


def sketched(keys: Keys, shape: SketchShape) -> Signed:
    """What a device adds for its pairs, (d w,)."""
    sums = np.zeros(shape.size, np.int64)
    for cells, signs in _places(keys, shape):
        np.add.at(sums, cells, signs)
    return sums


def estimated(sums: NDArray[np.number], keys: Keys, shape: SketchShape) -> NDArray[np.float64]:
    """How many devices had each pair, about, (P,). sums: (d w,) of all devices, with or without noise."""
    votes = [sums[cells] * signs for cells, signs in _places(keys, shape)]
    return np.asarray(np.median(np.array(votes, dtype=np.float64), axis=0))


def false_chance(threshold: float, sums: NDArray[np.number], shape: SketchShape) -> float:
    """The chance that a pair that no device had is estimated above the threshold: that more than half of d rows say so.

    Such a pair reads a cell of each row that was drawn evenly, with a sign that was: the chance of a row is counted in
    `sums` (d w,) themselves, noise and all, and no normal distribution is assumed.
    """
    cells = sums.reshape(shape.rows, shape.width)
    above = ((cells > threshold).mean(axis=1) + (-cells > threshold).mean(axis=1)) / 2
    said_so = np.array([1.0])  # chance that so many of the rows up to here do
    for chance in above:
        said_so = np.convolve(said_so, [1 - chance, chance])
    return float(said_so[shape.rows // 2 + 1 :].sum())


def threshold_for(chance: float, sums: NDArray[np.number], shape: SketchShape) -> float:
    """The least cell above which pairs that no device had are estimated with this chance at most."""
    heights = np.unique(np.abs(sums))
    lower, upper = -1, len(heights) - 1  # nothing is above the highest cell
    while upper - lower > 1:
        middle = (lower + upper) // 2
        if false_chance(float(heights[middle]), sums, shape) > chance:
            lower = middle
        else:
            upper = middle
    return float(heights[upper])


def _places(keys: Keys, shape: SketchShape) -> list[tuple[NDArray[np.int64], Signed]]:
    """Of each row, the cells (P,) of the vector, and the signs."""
    found = []
    for row in range(shape.rows):
        mixed = _mixed(keys.astype(np.uint64), np.uint64(shape.salt) * np.uint64(2) + np.uint64(row))
        cells = (mixed >> np.uint64(1)) % np.uint64(shape.width)
        signs = 1 - 2 * (mixed & np.uint64(1)).astype(np.int64)
        found.append((cells.astype(np.int64) + row * shape.width, signs))
    return found


def _mixed(keys: NDArray[np.uint64], salt: np.uint64) -> NDArray[np.uint64]:
    """SplitMix64 (Steele et al. 2014) of key and salt; nothing secret rests on it, everyone knows both."""
    with np.errstate(over="ignore"):
        state = keys
        for number in (salt, salt ^ _GOLDEN):
            state = (state ^ number) + _GOLDEN
            state = (state ^ (state >> np.uint64(30))) * _MIX[0]
            state = (state ^ (state >> np.uint64(27))) * _MIX[1]
            state = state ^ (state >> np.uint64(31))
    return state
