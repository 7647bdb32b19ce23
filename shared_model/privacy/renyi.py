"""Epsilon of Gaussian noise by Renyi divergences (RDP): the cross-check, and all there is for cohorts of a fixed size.

The noise multiplier z is standard deviation over clip norm, whatever the relation: under replace-one a sum changes by
twice the clip norm, which is counted here. (dp-accounting's RDP takes the ratio to the sensitivity instead, where its
PLD doubles by itself.)
"""

import logging
from functools import lru_cache
from typing import Any

from shared_model.privacy.gaussian import sensitivity
from shared_model.privacy.spent import Relation


def rdp_epsilon(
    *,
    sample_rate: float,
    noise_multiplier: float,
    rounds: int,
    delta: float,
    relation: Relation = Relation.ADD_OR_REMOVE_ONE,
) -> float:
    """By Renyi divergences (Mironov, Talwar and Zhang 2019), as a cross-check: always above the PLD's number.

    dp-accounting's own number. At sample rates above 0.05 its fractional orders are a little too large and its orders
    below 2.4 may be missing, which loosens the bound (by 1e-3 at epsilon 3, by a fifth at epsilon 200) and never
    breaks it. Raises ValueError for Poisson sampling under replace-one, for which there is none.
    """
    if relation is Relation.REPLACE_ONE and sample_rate < 1:
        raise ValueError("no RDP for Poisson sampling under replace-one")
    ratio = noise_multiplier / sensitivity(relation)
    return _rdp_epsilon(_poisson_divergences(sample_rate, ratio), rounds=rounds, delta=delta)


def rdp_epsilon_of_fixed_cohorts(*, sample_rate: float, noise_multiplier: float, rounds: int, delta: float) -> float:
    """By Renyi divergences, cohorts of a fixed size drawn without replacement, under replace-one.

    Wang, Balle and Kasiviswanathan 2019 (arXiv 1808.00087), theorem 27. sample_rate: cohort / population.
    """
    ratio = noise_multiplier / sensitivity(Relation.REPLACE_ONE)
    return _rdp_epsilon(_fixed_size_divergences(sample_rate, ratio), rounds=rounds, delta=delta)


def _rdp_epsilon(divergences: tuple[Any, Any], *, rounds: int, delta: float) -> float:
    from dp_accounting.rdp.rdp_privacy_accountant import compute_epsilon

    if rounds == 0:
        return 0.0
    orders, one_round = divergences
    epsilon, _ = compute_epsilon(orders, one_round * rounds, delta)
    return float(epsilon)


@lru_cache(maxsize=8)
def _poisson_divergences(sample_rate: float, ratio: float) -> tuple[Any, Any]:
    from dp_accounting import GaussianDpEvent, PoissonSampledDpEvent
    from dp_accounting.rdp import RdpAccountant

    logging.getLogger("absl").addFilter(_is_not_about_a_left_out_order)
    accountant = RdpAccountant().compose(PoissonSampledDpEvent(sample_rate, GaussianDpEvent(ratio)))
    return accountant.orders, accountant.rdp


@lru_cache(maxsize=8)
def _fixed_size_divergences(sample_rate: float, ratio: float) -> tuple[Any, Any]:
    from dp_accounting import GaussianDpEvent, NeighboringRelation, SampledWithoutReplacementDpEvent
    from dp_accounting.rdp import RdpAccountant

    accountant = RdpAccountant(neighboring_relation=NeighboringRelation.REPLACE_ONE).compose(
        SampledWithoutReplacementDpEvent(1, sample_rate, GaussianDpEvent(ratio))  # only the ratio of both is read
    )
    return accountant.orders, accountant.rdp


def _is_not_about_a_left_out_order(record: logging.LogRecord) -> bool:
    return "Excluding this order" not in record.getMessage()
