"""Flower's noise on the device: `LocalDpMod`, as the server sees one node's answer.

Letters: K nodes, d numbers of an update, n trials.
"""

import math
from dataclasses import dataclass

import numpy as np
from flwr.clientapp.mod import LocalDpMod
from numpy.typing import NDArray
from torch import Tensor

from shared_model.privacy.gaussian import sensitivity
from shared_model.privacy.spent import Relation
from simulations.auditing.others.flower_round import answered, quiet, request, update_in


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowerLocalNoise:
    """What a user of the mod says: epsilon and delta that are claimed, clip_norm, and sensitivity, in its units.

    An update may become any other within the clip norm, so that the true sensitivity is twice the clip norm.
    """

    epsilon: float
    delta: float
    clip_norm: float
    sensitivity: float

    @property
    def mu(self) -> float:
        """Of one answer, replace-one: what the classical formula's noise really gives (Dwork and Roth 2014, app. A)."""
        deviation = self.sensitivity * math.sqrt(2 * math.log(1.25 / self.delta)) / self.epsilon
        return sensitivity(Relation.REPLACE_ONE) * self.clip_norm / deviation

    def release(self, updates: Tensor, _counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """As `AuditedMechanism.release`, of the last node alone: every answer is seen by itself."""
        mod = LocalDpMod(self.clip_norm, self.sensitivity, self.epsilon, self.delta)
        asked, update = request(updates.shape[1]), updates[-1].numpy()
        with quiet():
            return np.stack([update_in(answered(asked, update, count=1, mod=mod)) for _ in range(trials)])
