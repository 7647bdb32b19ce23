"""The small interface behind which any mechanism can be audited, and our own behind it: the code that rounds run.

Letters: K devices, d numbers, n trials.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from server.aggregate import Aggregate
from shared_model.errors import Refused
from shared_model.privacy.adaptive_clipping import AdaptiveClipping, contributions
from shared_model.privacy.local_gaussian import LocalGaussian
from shared_model.privacy.mechanism import noised_update
from shared_model.privacy.plan import Clipping, Mechanism, PrivacyPlan
from shared_model.privacy.randomness import Randomness
from shared_model.privacy.spent import Trust


class AuditedMechanism(Protocol):
    """Anything that turns the updates of some devices into a noised sum."""

    def release(self, updates: Tensor, counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """(n, d) sums of the updates (K, d), each with noise of its own, in the units of a clipped update.

        counts: (K,) examples that each device claims to have, which must have no say. The public division, by the
        planned cohort, is undone.
        """


class RoundMechanism:
    """What the devices and the server of one round do with central trust: clip, sum, add noise, divide."""

    def __init__(self, plan: PrivacyPlan, *, randomness: Randomness) -> None:
        self._plan = plan
        self._randomness = randomness

    def release(self, updates: Tensor, _counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """As `AuditedMechanism.release`; no answer here says how many examples it had."""
        plan = self._plan
        if plan.clipping is Clipping.ADAPTIVE:
            answers = contributions(updates, clip_norm=plan.clip_norm, clipping=AdaptiveClipping.of(plan))
        else:
            answers = updates
        aggregate = Aggregate(updates.shape[1], plan=plan)
        aggregate.add(answers)
        means = (aggregate.release(self._randomness).mean.double().numpy() for _ in range(trials))
        return np.stack(list(means)) * plan.cohort


class LocalMechanism:
    """What leaves one device, the last, with local trust: everyone sees it, and nothing is added to it later."""

    def __init__(self, plan: PrivacyPlan, *, randomness: Randomness) -> None:
        self._mechanism = LocalGaussian.of(plan)
        self._randomness = randomness

    def release(self, updates: Tensor, _counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """As `AuditedMechanism.release`, of the last device alone."""
        sent = (
            noised_update(updates[-1], mechanism=self._mechanism, randomness=self._randomness).double().numpy()
            for _ in range(trials)
        )
        return np.stack(list(sent))


def mechanism_of(plan: PrivacyPlan, *, randomness: Randomness) -> AuditedMechanism:
    """The code that a round of this plan runs. Raises Refused for noise that is correlated over rounds: what one of
    them releases says too little about it."""
    if plan.mechanism is not Mechanism.GAUSSIAN:
        raise Refused(
            f"audit: gate G0 looks at one round, and the noise of {plan.mechanism.value} is correlated over rounds; "
            "its sensitivity is tested by enumeration instead (docs/mechanisms.md)"
        )
    if plan.trust is Trust.LOCAL:
        return LocalMechanism(plan, randomness=randomness)
    return RoundMechanism(plan, randomness=randomness)
