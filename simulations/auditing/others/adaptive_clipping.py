"""Flower's central noise with a clip norm that is to follow a quantile of the updates' norms, clipped by the server.

Letters: K answers, d numbers of an update, n trials, C the clip norm.
"""

from dataclasses import dataclass

import numpy as np
import torch
from flwr.serverapp.strategy import DifferentialPrivacyServerSideAdaptiveClipping
from numpy.typing import NDArray
from torch import Tensor

from simulations.auditing.others.flower_round import averaging, quiet, released_means


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowerAdaptiveClipping:
    """noise_multiplier: of the whole round; clip_norm: C that each release starts from; planned: nodes, which answer.

    count_noise: standard deviation of the noise on the count of clipped updates, of which Flower's default, a twentieth
    of the nodes, is too small for any but very many nodes.
    """

    noise_multiplier: float
    clip_norm: float
    planned: int
    count_noise: float

    def release(self, updates: Tensor, _counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """As `AuditedMechanism.release`; every node claims one example."""
        with quiet():
            strategy = DifferentialPrivacyServerSideAdaptiveClipping(
                averaging(self.planned),
                self.noise_multiplier,
                self.planned,
                initial_clipping_norm=self.clip_norm,
                clipped_count_stddev=self.count_noise,
            )
            means = released_means(strategy, updates, [1] * len(updates), planned=self.planned, trials=trials)
        return means * len(updates)


def clip_norms(norms: NDArray[np.float64], *, start: float, rounds: int) -> list[float]:
    """C of each round and the one after, towards the median, where devices' updates have the same `norms` (K,) always.

    Without noise, so that nothing but Flower's own rule moves it.
    """
    updates = torch.from_numpy(norms[:, None]).float()
    found = [start]
    with quiet():
        strategy = DifferentialPrivacyServerSideAdaptiveClipping(
            averaging(len(norms)), 0.0, len(norms), initial_clipping_norm=start
        )
        for _ in range(rounds):
            strategy = _after_a_round(strategy, updates)
            found.append(strategy.clipping_norm)
    return found


def _after_a_round(
    strategy: DifferentialPrivacyServerSideAdaptiveClipping, updates: Tensor
) -> DifferentialPrivacyServerSideAdaptiveClipping:
    released_means(strategy, updates, [1] * len(updates), planned=len(updates), trials=1)
    return strategy
