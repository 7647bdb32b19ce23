"""Situations that a mechanism is put in: its input changed on the way, as some device may change it.

Letters: K devices, d numbers of an update, n trials.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulations.auditing.mechanisms import AuditedMechanism


@dataclass(frozen=True, slots=True)
class AllLonger:
    """Every update is `factor` times as long: longer than the clip norm, as in the first rounds of a run."""

    mechanism: AuditedMechanism
    factor: float = 1e3

    def release(self, updates: Tensor, counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """As `AuditedMechanism.release`."""
        return self.mechanism.release(updates * self.factor, counts, trials=trials)


@dataclass(frozen=True, slots=True)
class OneNumberMissing:
    """The longest update has NaN for its last number; what comes out as NaN is left out of the release."""

    mechanism: AuditedMechanism

    def release(self, updates: Tensor, counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """As `AuditedMechanism.release`."""
        spoiled = updates.clone()
        spoiled[int(updates.norm(dim=1).argmax()), -1] = torch.nan
        return np.nan_to_num(self.mechanism.release(spoiled, counts, trials=trials), nan=0.0)


@dataclass(frozen=True, slots=True)
class NoneZero:
    """A hundredth is added to every number, for mechanisms that cannot take an update of zeros."""

    mechanism: AuditedMechanism

    def release(self, updates: Tensor, counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """As `AuditedMechanism.release`."""
        return self.mechanism.release(updates + 0.01, counts, trials=trials)
