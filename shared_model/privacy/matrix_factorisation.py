"""Noise that is correlated over rounds, so that it partly cancels in what training sees: the sums of all rounds so far.

The prefix-sum matrix A (n, n) is written as B C, and the released sums are B (C X + W) = A X + A C^-1 W, with X the
rounds' sums of clipped updates and W independent noise (Denisov et al. 2022, arXiv 2202.08312). C here is the square
root of A in closed form (Fichtenberger et al. 2022, arXiv 2202.11205), a Toeplitz matrix, cut to b bands with each
column scaled to norm 1 (Choquette-Choo et al. 2023, arXiv 2306.08153; Kalinin and Lampert 2024, arXiv 2405.13763).

A device's updates are columns of C: where it never takes part twice within b rounds, their supports do not meet. So its
k updates change C X by a norm of sqrt(k) times the clip norm at most, whatever their directions, and with noise of z
times the clip norm on W all n releases are one Gaussian release with mu = sqrt(k) / z. That holds for updates that
depend on earlier releases (theorem 2.1 of Denisov et al.), and is not amplified by sampling.
Letters: n rounds, b bands, k participations, d released numbers.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import BadInput, Refused
from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.randomness import Randomness

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BandedFactorisation:
    """C of a run, fixed before its first round. rounds: n; bands: b, 1 to n; with 1 the noise is independent.

    Raises BadInput for other numbers.
    """

    rounds: int
    bands: int

    def __post_init__(self) -> None:
        if not 1 <= self.bands <= self.rounds:
            raise BadInput(
                f"matrix factorisation: {self.bands} bands over {self.rounds} rounds; "
                "plan at least one round, and between 1 band and one for each round"
            )

    @property
    def coefficients(self) -> Vector:
        """(b,) c_0 = 1, c_j = c_(j-1) (2j - 1) / (2j): the first column, before it is scaled."""
        return _coefficients(self.bands)

    @property
    def column_norms(self) -> Vector:
        """(n,) before they are scaled to 1: the last b - 1 columns have fewer entries than b."""
        norms = np.sqrt(np.cumsum(self.coefficients**2))
        entries = np.minimum(self.bands, np.arange(self.rounds, 0, -1))
        scaled: Vector = norms[entries - 1]
        return scaled

    def participations(self, most: int) -> int:
        """How often a device can take part: `most`, or fewer where n rounds have no room for that separation."""
        return min(most, -(-self.rounds // self.bands))

    def sensitivity(self, *, clip_norm: float, max_participations: int) -> float:
        """Of all n releases to one device, in the L2 norm of C X: sqrt(k) clip_norm.

        Exact and for any signs and directions, under add-or-remove-one and zero-out, given that the device keeps to
        `may_take_part`. Doubled under replace-one.
        """
        return math.sqrt(self.participations(max_participations)) * clip_norm

    def may_take_part(self, number: int, *, earlier: tuple[int, ...], max_participations: int) -> bool:
        """Whether a device accepts round `number` (from 1) after those of `earlier`: its own rule, from its own ledger.

        It declines within b rounds of the last time, beyond `max_participations`, outside the planned n rounds, and a
        round that is not later than all of `earlier`.
        """
        if not 1 <= number <= self.rounds or len(earlier) >= max_participations:
            return False
        return all(number - taken >= self.bands for taken in earlier)

    def row_norm(self, number: int) -> float:
        """Standard deviation of the noise of round `number` (from 1) over that of W: the norm of a row of C^-1."""
        response, memory = [], NoiseMemory.start(size=1)
        for place in range(number):
            unit = np.array([1.0 if place == 0 else 0.0])
            row, memory = _solve_row(unit, memory=memory, factorisation=self)
            response.append(float(row[0]) / self.column_norms[place])
        return float(self.column_norms[number - 1] * np.linalg.norm(response))

    def prefix_sum_error(self) -> float:
        """Mean squared error of each number of the n released sums, over the variance of the noise W: |A C^-1|^2 / n.

        Independent noise has (n + 1) / 2 at the same z and k. One round's noise costs O(b), so this O(n^2 b) at most.
        """
        inverse = np.zeros((self.rounds, self.rounds))
        memory = NoiseMemory.start(size=self.rounds)
        for row, unit in enumerate(np.eye(self.rounds)):
            inverse[row], memory = _solve_row(unit, memory=memory, factorisation=self)
        return float((np.cumsum(inverse, axis=0) ** 2).sum() / self.rounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseMemory:
    """What the next round's noise needs of earlier ones. round: rounds whose noise is drawn; rows: (<= b - 1, d).

    It holds noise that was released with later rounds' subtracted: it is as secret as the noise itself.
    """

    round: int
    rows: Vector

    @classmethod
    def start(cls, *, size: int) -> "NoiseMemory":
        """Before the first round, for d = `size`."""
        return cls(round=0, rows=np.zeros((0, size)))


def next_noise(
    memory: NoiseMemory, *, factorisation: BandedFactorisation, standard_deviation: float, randomness: Randomness
) -> tuple[Vector, NoiseMemory]:
    """The noise (d,) of the next round, and the memory after it: row by row the solution Y of C Y = W.

    standard_deviation: of each number of W: z * clip_norm, the same in every round. Drawing and advancing are one step
    whose two results belong together: who stores the memory with the round's release before either is seen never draws
    for a round twice. A round that is aborted has used its noise, so that its memory is kept too, though nothing was
    released. Raises Refused beyond the planned rounds: the sensitivity holds for those only.
    """
    if memory.round >= factorisation.rounds:
        raise Refused(
            f"matrix factorisation: all {factorisation.rounds} planned rounds have drawn their noise; "
            "plan a new run, whose cost adds to this one's"
        )
    fresh = gaussian_noise(memory.rows.shape[1], standard_deviation=standard_deviation, randomness=randomness)
    return _solve_row(fresh, memory=memory, factorisation=factorisation)


def _solve_row(fresh: Vector, *, memory: NoiseMemory, factorisation: BandedFactorisation) -> tuple[Vector, NoiseMemory]:
    """C = T D, T Toeplitz and D diagonal: T x = w by substitution, with the latest x first in memory, and y = x / D."""
    taps = factorisation.coefficients[1 : len(memory.rows) + 1]
    solved = fresh - taps @ memory.rows
    kept = np.concatenate([solved[None], memory.rows])[: factorisation.bands - 1]
    scale = factorisation.column_norms[memory.round]
    return scale * solved, NoiseMemory(round=memory.round + 1, rows=kept)


@lru_cache(maxsize=8)
def _coefficients(bands: int) -> Vector:
    places = np.arange(1, bands)
    found = np.cumprod(np.concatenate([[1.0], (2 * places - 1) / (2 * places)]))
    found.flags.writeable = False
    return found
