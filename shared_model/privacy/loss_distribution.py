"""Epsilon, and the whole trade-off, of Poisson-sampled Gaussian noise by privacy loss distributions (PLD).

The noise multiplier z is standard deviation over clip norm, whatever the relation: under replace-one a sum changes by
twice the clip norm, which is counted here. `shared_model.privacy.coverage` says what else is counted, and by what.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_model.errors import Refused
from shared_model.privacy.gaussian import composed_mu, gaussian_epsilon, gaussian_true_positives
from shared_model.privacy.spent import Relation

_CONVERGED = 1e-3
"""Relative change, between a grid and one twice as coarse, below which the finer is taken: its own error is a third."""
_FINEST_GRID = 2.0**-20
_COARSEST_GRID = 2.0**-7
_GRIDS_PER_DEVIATION = 16
_CURVE_POINTS = 400
_REFINEMENTS = 3
"""Past these it is rounding in the Fourier transform that does not converge, and finer grids only cost more."""


def pld_epsilon(
    *,
    sample_rate: float,
    noise_multiplier: float,
    rounds: int,
    delta: float,
    relation: Relation = Relation.ADD_OR_REMOVE_ONE,
) -> float:
    """By privacy loss distributions: pessimistic, on a grid that is refined until it has converged.

    Poisson sampling at `sample_rate`; zero-out is what add-or-remove-one is, since a sum shows no more of either.
    Never below the exact value, and at most 1e-3 relative above it. At sample rate 1 the closed form, which is exact.
    Raises Refused where no grid converges (a sample rate of about 1e-6, delta near 1e-12 after 1e4 rounds, or some
    epsilons beyond 700, which are no privacy).
    """
    if rounds == 0:
        return 0.0
    if sample_rate == 1:
        return gaussian_epsilon(delta, mu=composed_mu(noise_multiplier, releases=rounds, relation=relation))
    one_round = _Round(sample_rate=sample_rate, noise_multiplier=noise_multiplier, relation=relation)
    grid = one_round.first_grid
    coarse = _pld_epsilon_on(2 * grid, one_round, rounds, delta)
    for _ in range(_REFINEMENTS):
        fine = _pld_epsilon_on(grid, one_round, rounds, delta)
        if math.isfinite(fine) and abs(coarse - fine) <= _CONVERGED * fine:
            return fine
        grid, coarse = grid / 2, fine
    raise Refused(
        f"accounting: the PLD accountant does not converge at sample rate {sample_rate:g}, noise multiplier "
        f"{noise_multiplier:g}, {rounds} rounds and delta {delta:g}; "
        "plan a larger cohort, fewer rounds or a larger delta"
    )


def pld_true_positives(
    false_positives: float,
    *,
    sample_rate: float,
    noise_multiplier: float,
    rounds: int,
    relation: Relation = Relation.ADD_OR_REMOVE_ONE,
) -> float:
    """The most an attacker finds at a rate of `false_positives` false alarms, as `pld_trade_off` says."""
    if rounds == 0:
        return false_positives
    if sample_rate == 1:
        mu = composed_mu(noise_multiplier, releases=rounds, relation=relation)
        return gaussian_true_positives(false_positives, mu=mu)
    curve = pld_trade_off(
        np.array([false_positives]),
        sample_rate=sample_rate,
        noise_multiplier=noise_multiplier,
        rounds=rounds,
        relation=relation,
    )
    return float(curve[0])


def pld_trade_off(
    false_positives: NDArray[np.float64],
    *,
    sample_rate: float,
    noise_multiplier: float,
    rounds: int,
    relation: Relation = Relation.ADD_OR_REMOVE_ONE,
) -> NDArray[np.float64]:
    """The most an attacker finds at each rate of false alarms, from the PLD's whole curve. Same shape, each in (0, 1).

    Every (epsilon, delta) on it bounds the trade-off; their envelope is the trade-off itself (Dong, Roth and Su 2022,
    proposition 2.12), so it is never too low, and above the exact value by the error of the grid alone.
    """
    one_round = _Round(sample_rate=sample_rate, noise_multiplier=noise_multiplier, relation=relation)
    composed = _loss_distribution(one_round.first_grid, one_round).self_compose(rounds)
    epsilons = np.linspace(0, 2 * math.log(1 / float(false_positives.min())), _CURVE_POINTS)
    deltas = np.asarray(composed.get_delta_for_epsilon(epsilons))
    found = (np.exp(epsilons) * false_positives[..., None] + deltas).min(-1)
    # the same guarantee with the two data sets exchanged
    missed = (np.exp(-epsilons) * (1 - deltas - false_positives[..., None])).max(-1)
    return np.asarray(np.minimum(found, 1 - missed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """One Poisson-sampled Gaussian release."""

    sample_rate: float
    noise_multiplier: float
    relation: Relation

    @property
    def first_grid(self) -> float:
        """A power of two near 1/16 of the standard deviation of one round's privacy loss, q sqrt(exp(1/z^2) - 1).

        The grid adds its own variance to every round's, so that the relative error is about 0.085 (grid / deviation)^2
        whatever the rounds. It depends neither on rounds nor on delta, grows with q and with 1/z, and coarse grids nest
        in fine ones and dominate them: so epsilon is monotone in all four arguments, not only up to the error of the
        grid. Under replace-one the loss deviates more, and the grid is finer than it need be.
        """
        deviation = self.sample_rate * math.sqrt(math.expm1(min(self.noise_multiplier**-2, 50.0)))
        wanted = 2.0 ** math.floor(math.log2(deviation / _GRIDS_PER_DEVIATION))
        return min(max(wanted, _FINEST_GRID), _COARSEST_GRID)


def _pld_epsilon_on(grid: float, one_round: _Round, rounds: int, delta: float) -> float:
    composed = _loss_distribution(grid, one_round).self_compose(rounds)
    try:
        with np.errstate(over="raise"):  # beyond epsilon 700 or so an overflow could end below the true value
            return float(composed.get_epsilon_for_delta(delta))
    except FloatingPointError:
        return math.inf


@lru_cache(maxsize=8)  # the curve of one run asks for the same round again and again
def _loss_distribution(grid: float, one_round: _Round) -> Any:
    # imported here: it takes a second, which neither a device nor an auditor's closed form has to spend
    from dp_accounting import NeighboringRelation
    from dp_accounting.pld.privacy_loss_distribution import from_gaussian_mechanism

    replace_one = one_round.relation is Relation.REPLACE_ONE
    return from_gaussian_mechanism(
        one_round.noise_multiplier,
        value_discretization_interval=grid,
        sampling_prob=one_round.sample_rate,
        pessimistic_estimate=True,
        neighboring_relation=(
            NeighboringRelation.REPLACE_ONE if replace_one else NeighboringRelation.ADD_OR_REMOVE_ONE
        ),
    )
