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
from shared_model.privacy.randomness import KEY_BYTES, Randomness
from shared_model.privacy.spent import Trust
from shared_model.secagg.encoding import SumEncoding, add_modulo, decode, encode

NUMBERS_AT_ONCE = 1_000_000
"""Numbers of devices' vectors that are in memory at once."""


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


class DistributedMechanism:
    """What the server opens with distributed trust where h devices, and no more, are honest and stay: their vectors are
    bounded, rotated, rounded and noised, summed modulo 2^b and decoded. Nothing is topped up: the server would know.

    Where fewer than h updates are given, the rest have nothing to say and bring their noise.
    """

    def __init__(self, plan: PrivacyPlan, *, randomness: Randomness) -> None:
        self._plan = plan
        self._randomness = randomness

    def release(self, updates: Tensor, _counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """As `AuditedMechanism.release`, zero-out: a device that is left out says nothing, and its noise stays."""
        size, plan = updates.shape[1], self._plan
        encoding = SumEncoding.of(plan, size=size)
        rows = np.zeros((max(plan.honest, len(updates)), size))
        rows[: len(updates)] = updates.double().numpy()
        at_once = max(NUMBERS_AT_ONCE // (len(rows) * encoding.padded), 1)
        found = [self._some(rows, encoding, min(at_once, trials - done)) for done in range(0, trials, at_once)]
        return np.concatenate(found)

    def _some(self, rows: NDArray[np.float64], encoding: SumEncoding, trials: int) -> NDArray[np.float64]:
        seed = self._randomness.draw(KEY_BYTES)
        sent = encode(
            np.tile(rows, (trials, 1)), encoding=encoding, seed=seed, randomness=lambda _: self._randomness
        ).reshape(trials, len(rows), encoding.padded)
        sums = np.stack([add_modulo(each, bits=encoding.modulus_bits) for each in sent])
        return decode(sums, encoding=encoding, seed=seed)


def mechanism_of(plan: PrivacyPlan, *, randomness: Randomness) -> AuditedMechanism:
    """The code that a round of this plan runs. Raises Refused for noise that is correlated over rounds: what one of
    them releases says too little about it."""
    if plan.trust is Trust.DISTRIBUTED:
        return DistributedMechanism(plan, randomness=randomness)
    if plan.mechanism is not Mechanism.GAUSSIAN:
        raise Refused(
            f"audit: gate G0 looks at one round, and the noise of {plan.mechanism.value} is correlated over rounds; "
            "its sensitivity is tested by enumeration instead (docs/mechanisms.md)"
        )
    if plan.trust is Trust.LOCAL:
        return LocalMechanism(plan, randomness=randomness)
    return RoundMechanism(plan, randomness=randomness)
