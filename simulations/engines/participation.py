"""Who takes part: each device declines when its own limit is reached (privacy requirement 8)."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPart:
    """What the devices' ledgers say: how often, (U,), and in which round last, (U,)."""

    times: NDArray[np.int64]
    latest: NDArray[np.int64]

    def accept(self, cohort: NDArray[np.int64], *, number: int, plan: PrivacyPlan) -> NDArray[np.int64]:
        """Those of the cohort of round `number` that accept, debited in place: the plan's bands keep rounds apart."""
        rested = cohort[number - self.latest[cohort] >= plan.bands]
        accepting = accept(self.times, rested, plan)
        self.latest[accepting] = number
        return accepting


def taken_part_after(federation: Federation, *, rounds: int) -> TakenPart:
    """After that many rounds.

    Coins are reproducible in a simulation, so that nothing about devices has to be kept between runs.
    """
    plan = federation.plan
    long_ago = np.full(plan.population, -plan.bands, dtype=np.int64)
    taken_part = TakenPart(times=np.zeros(plan.population, dtype=np.int64), latest=long_ago)
    for number in range(1, rounds + 1):
        coins = federation.randomness("cohort", number)
        taken_part.accept(draw_cohort(plan, randomness=coins), number=number, plan=plan)
    return taken_part


def participations(federation: Federation, *, rounds: int) -> NDArray[np.int64]:
    """How often each device has taken part after that many rounds, (U,)."""
    return taken_part_after(federation, rounds=rounds).times
