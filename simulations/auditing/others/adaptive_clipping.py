"""Flower's central noise with a clip norm that is to follow a quantile of the updates' norms, clipped by the server.

Letters: K answers, d numbers of an update, n trials, C the clip norm.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from flwr.serverapp.strategy import DifferentialPrivacyServerSideAdaptiveClipping
from numpy.typing import NDArray
from torch import Tensor

from simulations.auditing.others.flower_round import FlowerRound, averaging, quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowerAdaptiveClipping:
    """noise_multiplier: of the whole round; clip_norm: C that each release starts from; planned: nodes; all answer.

    count_noise: standard deviation of the noise on the count of clipped updates; Flower's default, a twentieth of the
    nodes, is refused by Flower where it is not above half the noise multiplier.
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
            answers = FlowerRound(strategy, updates, planned=self.planned)
            # a copy each, since a release moves C
            return np.stack([answers.mean(copy.copy(strategy)) for _ in range(trials)]) * len(updates)


def followed_norms(norms: NDArray[np.float64], *, start: float, rounds: int) -> list[float]:
    """C of each round and of the one after, towards the median of norms (K,), which stay the same in every round.

    Without noise, so that nothing but Flower's rule moves it.
    """
    found = [start]
    with quiet():
        strategy = DifferentialPrivacyServerSideAdaptiveClipping(
            averaging(len(norms)), 0.0, len(norms), initial_clipping_norm=start
        )
        answers = FlowerRound(strategy, torch.from_numpy(norms[:, None]).float(), planned=len(norms))
        for _ in range(rounds):
            answers.mean(strategy)
            found.append(strategy.clipping_norm)
    return found
