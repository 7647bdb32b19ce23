"""Who takes part: each device declines when its own limit is reached (privacy requirement 8)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.sampling import draw_cohort
from simulations.engines.example_level import ExampleLevel
from simulations.engines.federation import Federation


def accept(taken_part: NDArray[np.int64], cohort: NDArray[np.int64], plan: PrivacyPlan) -> NDArray[np.int64]:
    """Those of the cohort that accept; `taken_part` (U,) is debited in place, before they train."""
    accepts = np.array([plan.may_participate(int(count)) for count in taken_part[cohort]], dtype=bool)
    accepting: NDArray[np.int64] = cohort[accepts]
    taken_part[accepting] += 1
    return accepting


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPart:
    """What the devices' ledgers say: how often, (U,), and in which round last, (U,).

    example_level: where devices train by it, what their accounts follow from.
    """

    times: NDArray[np.int64]
    latest: NDArray[np.int64]
    example_level: ExampleLevel | None = None

    def accept(self, cohort: NDArray[np.int64], *, number: int, plan: PrivacyPlan) -> NDArray[np.int64]:
        """Those of the cohort of round `number` that accept, debited in place.

        The plan's bands keep rounds apart, and whose account for examples has reached its cap declines too.
        """
        able = cohort[number - self.latest[cohort] >= plan.bands]
        if self.example_level is not None:
            able = able[np.array([self.example_level.may_train(int(count)) for count in self.times[able]], dtype=bool)]
        accepting = accept(self.times, able, plan)
        self.latest[accepting] = number
        return accepting


def taken_part_after(federation: Federation, *, rounds: int) -> TakenPart:
    """After that many rounds.

    Coins are reproducible in a simulation, so that nothing about devices has to be kept between runs.
    """
    plan = federation.plan
    long_ago = np.full(plan.population, -plan.bands, dtype=np.int64)
    nobody = np.zeros(plan.population, dtype=np.int64)
    taken_part = TakenPart(times=nobody, latest=long_ago, example_level=federation.example_level)
    for number in range(1, rounds + 1):
        coins = federation.randomness("cohort", number)
        taken_part.accept(draw_cohort(plan, randomness=coins), number=number, plan=plan)
    return taken_part


def participations(federation: Federation, *, rounds: int) -> NDArray[np.int64]:
    """How often each device has taken part after that many rounds, (U,)."""
    return taken_part_after(federation, rounds=rounds).times
