"""One federated round, whoever carries the messages: sample, collect, aggregate, step.

FedAvg with server momentum (Hsu et al. 2019, arXiv 1909.06335). Both engines of the simulation and the Flower server
run this function. Letters: d released numbers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from server.aggregate import Aggregate, answer_bytes
from shared_model.errors import Refused
from shared_model.privacy.matrix_factorisation import NoiseMemory, next_noise
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.randomness import Randomness
from shared_model.privacy.sampling import draw_cohort
from shared_model.secagg.encoding import rotation_seed


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStep:
    """learning_rate > 0 of the server's step; momentum in [0, 1)."""

    learning_rate: float
    momentum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRecord:
    """What the operator may know of a finished round.

    quality: what the devices say together of the quality of what they received, with noise (`Released.quality`).
    Norms are None for an aborted round, whose noise is spent all the same.
    """

    round: int
    invited: int
    answered: int
    declined: int
    update_norm: float | None
    noise_norm: float | None
    bytes_down: int
    bytes_up: int
    quality: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundState:
    """Where a run stands: `round` rounds are finished; vector: (d,) float32; velocity: (d,) float64.

    clip_norm: of the next round, where clipping is adaptive and has begun; noise_memory: what the next round's noise
    needs of earlier ones, where it is correlated and has begun.
    """

    round: int
    vector: Tensor
    velocity: Tensor
    records: tuple[RoundRecord, ...]
    clip_norm: float | None = None
    noise_memory: NoiseMemory | None = None

    @classmethod
    def start(cls, vector: Tensor) -> "RoundState":
        """Before the first round."""
        return cls(round=0, vector=vector, velocity=torch.zeros(len(vector), dtype=torch.float64), records=())


def plan_of_next_round(plan: PrivacyPlan, state: RoundState) -> PrivacyPlan:
    """The run's plan with the clip norm that holds in the round after `state`."""
    return plan if state.clip_norm is None else replace(plan, clip_norm=state.clip_norm)


Collect = Callable[[int, Tensor, NDArray[np.int64]], Iterable[Tensor]]
"""Asks the invited (round, parameters (d,), registration numbers) and yields their answers as rows (K, D), as they
come (`server.aggregate`). Who declines is simply not among them."""


def run_round(
    state: RoundState,
    *,
    plan: PrivacyPlan,
    step: ServerStep,
    randomness: Callable[[str, int], Randomness],
    collect: Collect,
) -> RoundState:
    """The state after one more round. randomness: a stream for a purpose ("cohort", "noise") and a round.

    What leaves a round and what its noise and clip norm were drawn to are one value: stored together, or not at all.
    """
    number = state.round + 1
    plan = plan_of_next_round(plan, state)
    cohort = draw_cohort(plan, randomness=randomness("cohort", number))
    aggregate = Aggregate(
        len(state.vector),
        plan=plan,
        rotation=rotation_seed(number, state.vector.numpy()),
        streams=lambda purpose: randomness(purpose, number),
    )
    for updates in collect(number, state.vector, cohort):
        aggregate.add(updates)
    sent = 4 * len(state.vector)
    record = RoundRecord(
        round=number,
        invited=len(cohort),
        answered=aggregate.answers,
        declined=len(cohort) - aggregate.answers,
        update_norm=None,
        noise_norm=None,
        bytes_down=sent * len(cohort),
        bytes_up=answer_bytes(len(state.vector), plan=plan) * aggregate.answers,
    )
    try:
        released = aggregate.release(randomness("noise", number), memory=state.noise_memory)
    except Refused:
        memory = _memory_after_an_aborted_round(state, plan, randomness("noise", number))
        return replace(state, round=number, records=(*state.records, record), noise_memory=memory)
    return replace(
        stepped(state, step, released.mean),
        round=number,
        records=(
            *state.records,
            replace(
                record,
                update_norm=released.update_norm,
                noise_norm=released.noise_norm,
                quality=released.quality,
            ),
        ),
        clip_norm=released.next_clip_norm,
        noise_memory=released.noise_memory,
    )


def stepped(state: RoundState, step: ServerStep, mean: Tensor) -> RoundState:
    """`state` after a step of FedAvg with server momentum, and the rest as it was. mean: (d,) float64, noise in it."""
    velocity = step.momentum * state.velocity + mean
    return replace(
        state,
        vector=(state.vector.double() + step.learning_rate * velocity).float(),
        velocity=velocity,
    )


def _memory_after_an_aborted_round(state: RoundState, plan: PrivacyPlan, randomness: Randomness) -> NoiseMemory | None:
    """Its noise is used up, though nobody saw it (privacy requirement 19)."""
    if plan.mechanism is not Mechanism.MATRIX_FACTORISATION:
        return None
    before = NoiseMemory.start(size=len(state.vector)) if state.noise_memory is None else state.noise_memory
    deviation = plan.noise_standard_deviation
    return next_noise(before, factorisation=plan.factorisation, standard_deviation=deviation, randomness=randomness)[1]
