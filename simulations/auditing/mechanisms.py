"""The small interface behind which any mechanism can be audited, and our own behind it: the code that rounds run.

Letters: K devices, d numbers, n trials.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from server.aggregate import Aggregate
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.randomness import Randomness


class AuditedMechanism(Protocol):
    """Anything that turns the updates of some devices into a noised sum."""

    def release(self, updates: Tensor, counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """(n, d) sums of the updates (K, d), each with noise of its own, in the units of a clipped update.

        counts: (K,) examples that each device claims to have, which must have no say. The public division, by the
        planned cohort, is undone.
        """


class RoundMechanism:
    """What the server does to the answers of one round: clip, sum, add noise, divide."""

    def __init__(self, plan: PrivacyPlan, *, randomness: Randomness) -> None:
        self._plan = plan
        self._randomness = randomness

    def release(self, updates: Tensor, _counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """As `AuditedMechanism.release`; no answer here says how many examples it had."""
        aggregate = Aggregate(updates.shape[1], plan=self._plan)
        aggregate.add(updates)
        means = (aggregate.release(self._randomness).mean.double().numpy() for _ in range(trials))
        return np.stack(list(means)) * self._plan.cohort
