"""Flower's central noise with a fixed clip norm, clipped by the server or by the devices.

Letters: K answers, d numbers of an update, n trials.
"""

from dataclasses import dataclass

import numpy as np
from flwr.clientapp.mod import fixedclipping_mod
from flwr.serverapp.strategy import (
    DifferentialPrivacyClientSideFixedClipping,
    DifferentialPrivacyServerSideFixedClipping,
)
from flwr.supercore.privacy_accounting import NeighboringRelation, PrivacyConfig, SamplingMethod
from flwr.supercore.privacy_accounting.rdp_accountant import RdpAccountant
from numpy.typing import NDArray
from torch import Tensor

from simulations.auditing.others.flower_round import FlowerRound, averaging, quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowerFixedClipping:
    """noise_multiplier: of the standard deviation noise_multiplier * clip_norm / planned that it adds to the average.

    planned: nodes that it is told are sampled; those beyond the updates of a release do not answer.
    tells_examples: whether the nodes say how many examples they claim, as Flower's averaging asks them to; otherwise
    each says 1. on_devices: who clips; accounted: with Flower's own accountant, which refuses some rounds.
    """

    noise_multiplier: float
    clip_norm: float
    planned: int
    tells_examples: bool = False
    on_devices: bool = False
    accounted: bool = False

    def release(self, updates: Tensor, counts: NDArray[np.int64], /, *, trials: int) -> NDArray[np.float64]:
        """As `AuditedMechanism.release`: the average times the answers that it was taken over."""
        wrapper = (
            DifferentialPrivacyClientSideFixedClipping
            if self.on_devices
            else DifferentialPrivacyServerSideFixedClipping
        )
        with quiet():
            strategy = wrapper(
                averaging(self.planned),
                self.noise_multiplier,
                self.clip_norm,
                self.planned,
                accountant=_accountant(self.planned) if self.accounted else None,
            )
            answers = FlowerRound(
                strategy,
                updates,
                planned=self.planned,
                counts=counts.tolist() if self.tells_examples else None,
                mod=fixedclipping_mod if self.on_devices else None,
            )
            return np.stack([answers.mean(strategy) for _ in range(trials)]) * len(updates)


def _accountant(population: int) -> RdpAccountant:
    """The only sampling that fixed clipping is accounted for with, and the only relation with that sampling."""
    return RdpAccountant(
        PrivacyConfig(
            target_delta=1e-5,
            population_size=population,
            neighboring_relation=NeighboringRelation.ADD_OR_REMOVE_ONE,
            sampling_method=SamplingMethod.NO_AMPLIFICATION,
        )
    )
