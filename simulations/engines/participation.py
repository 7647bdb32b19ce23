"""Who takes part: each device declines when its own limit is reached (privacy requirement 8)."""

import numpy as np
from numpy.typing import NDArray

from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.sampling import draw_cohort
from simulations.engines.federation import Federation


def accept(taken_part: NDArray[np.int64], cohort: NDArray[np.int64], plan: PrivacyPlan) -> NDArray[np.int64]:
    """Those of the cohort that accept; `taken_part` (U,) is debited in place, before they train."""
    accepts = np.array([plan.may_participate(int(count)) for count in taken_part[cohort]], dtype=bool)
    accepting: NDArray[np.int64] = cohort[accepts]
    taken_part[accepting] += 1
    return accepting


def participations(federation: Federation, *, rounds: int) -> NDArray[np.int64]:
    """How often each device has taken part after that many rounds, (U,): what their own ledgers say.

    Coins are reproducible in a simulation, so that nothing about devices has to be kept between runs.
    """
    plan = federation.plan
    taken_part = np.zeros(plan.population, dtype=np.int64)
    for number in range(1, rounds + 1):
        coins = federation.randomness("cohort", number)
        accept(taken_part, draw_cohort(plan, randomness=coins), plan)
    return taken_part
