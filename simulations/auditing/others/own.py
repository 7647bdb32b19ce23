"""Our own rounds in the situations that other people's mechanisms are put in.

Letters: K devices, d numbers of an update, n trials, C the clip norm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from server.aggregate import Aggregate
from shared_model.privacy.adaptive_clipping import AdaptiveClipping, contributions, next_clip_norm
from shared_model.privacy.plan import Clipping, PrivacyPlan
from shared_model.privacy.randomness import OperatingSystemRandomness
from simulations.auditing.mechanisms import RoundMechanism


def own_plan(noise_multiplier: float, *, cohort: int, clipping: Clipping = Clipping.FLAT) -> PrivacyPlan:
    """A round of devices with clip norm 1; its other numbers have no say in one release."""
    return PrivacyPlan(
        population=1000,
        cohort=cohort,
        rounds=40,
        clip_norm=1.0,
        noise_multiplier=noise_multiplier,
        delta=1e-4,
        max_participations=40,
        clipping=clipping,
    )


def own_round(noise_multiplier: float, *, cohort: int) -> RoundMechanism:
    """What the server does with flat clipping."""
    return RoundMechanism(own_plan(noise_multiplier, cohort=cohort), randomness=OperatingSystemRandomness())


@dataclass(frozen=True, slots=True)
class OwnAdaptiveRound:
    """What devices and server do with adaptive clipping, in one round that starts from C = `plan.clip_norm`."""

    plan: PrivacyPlan

    def release(self, updates: Tensor, _counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """As `AuditedMechanism.release`."""
        plan = self.plan
        aggregate = Aggregate(updates.shape[1], plan=plan)
        aggregate.add(contributions(updates, clip_norm=plan.clip_norm, clipping=AdaptiveClipping.of(plan)))
        randomness = OperatingSystemRandomness()
        means = [aggregate.release(randomness).mean.double().numpy() for _ in range(trials)]
        return np.stack(means) * plan.cohort


def own_followed_norms(norms: NDArray[np.float64], *, start: float, rounds: int) -> list[float]:
    """C of each round and of the one after, towards the median of norms (K,), without noise."""
    clipping = AdaptiveClipping(noise_multiplier=1.0, cohort=len(norms))
    found = [start]
    for _ in range(rounds):
        within = float((norms <= found[-1]).mean())
        found.append(next_clip_norm(found[-1], share_within=within, clipping=clipping))
    return found
