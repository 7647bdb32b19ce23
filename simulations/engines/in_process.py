"""Rounds in one process: no messages, no Ray, one model; listeners of a cohort are trained side by side.

Letters: K listeners side by side, d released numbers.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from server.round import RoundState, plan_of_next_round, run_round
from shared_model.privacy.local_gaussian import noise_purpose
from shared_model.privacy.spent import Trust
from shared_model.secagg.encoding import Streams
from shared_model.secagg.planned import shares_of_a_sum, stream_purpose
from shared_model.training.example_level import example_level_update
from shared_model.training.examples import Examples, take
from shared_model.training.local_update import bounded_updates, clipped_updates, noised_updates
from simulations.engines.example_level import ExampleLevel
from simulations.engines.federation import Federation
from simulations.engines.participation import taken_part_after
from simulations.engines.secure_sum import opened_sum

MOST_SIDE_BY_SIDE = 50
NUMBERS_SIDE_BY_SIDE = 2_000_000
"""Parameters trained at once: enough to outweigh the cost of a call, few enough to stay in the processor's cache.

On two cores 50 adapters of 4,000 numbers and 10 heads of 200,000 were fastest (benchmarks/NOTES.md)."""


def run_in_process(state: RoundState, federation: Federation) -> Iterator[RoundState]:
    """The states after each round that the plan still has to run."""
    plan = federation.plan
    taken_part = taken_part_after(federation, rounds=state.round)

    def collect(number: int, vector: Tensor, cohort: NDArray[np.int64]) -> Iterator[Tensor]:
        answers = answered(number, vector, cohort)
        return opened_by_protocol(federation, answers, number=number) if federation.full_protocol else answers

    def answered(number: int, vector: Tensor, cohort: NDArray[np.int64]) -> Iterator[Tensor]:
        accepting = taken_part.accept(cohort, number=number, plan=plan)
        told = plan_of_next_round(plan, state)
        for listeners in torch.split(torch.from_numpy(accepting), side_by_side(len(vector))):
            if len(listeners):
                examples = take(federation.examples, listeners)
                if federation.example_level is None:
                    updates = clipped_updates(
                        federation.model, vector, examples, training=federation.training, plan=told
                    )
                else:
                    earlier = taken_part.times[listeners.numpy()] - 1  # they are debited for this round already
                    updates = example_level_updates(
                        federation, vector, examples, level=federation.example_level, devices=listeners, earlier=earlier
                    )
                    updates = bounded_updates(updates, plan=told)
                if plan.trust is Trust.LOCAL:
                    noises = [federation.randomness(noise_purpose(int(device)), number) for device in listeners]
                    updates = noised_updates(updates, plan=told, noises=noises)
                if plan.trust is Trust.DISTRIBUTED:
                    updates = shares_of_the_sum(federation, vector, updates, number=number, devices=listeners)
                yield updates

    while state.round < plan.rounds:
        state = run_round(state, plan=plan, step=federation.step, randomness=federation.randomness, collect=collect)
        yield state


def example_level_updates(
    federation: Federation,
    start: Tensor,
    examples: Examples,
    *,
    level: ExampleLevel,
    devices: Tensor,
    earlier: NDArray[np.int64],
) -> Tensor:
    """Trained minus received parameters (K, d), not yet clipped for the device, one device after the other.

    examples: (K, E, ...) of `devices` (K,), who took part `earlier` (K,) times before. Each device has streams of its
    own, numbered by the steps of its account's life, so that no batch and no noise is drawn twice. Raises Refused for
    a device that should have declined.
    """

    def update(place: int, device: int) -> Tensor:
        return example_level_update(
            federation.model,
            start,
            take(examples, torch.tensor(place)),
            training=level.training,
            debited=level.debit(int(earlier[place])),
            randomness=lambda purpose, step: federation.randomness(f"{purpose} {device}", step),
        ).update

    return torch.stack([update(place, device) for place, device in enumerate(devices.tolist())])


def shares_of_the_sum(
    federation: Federation, start: Tensor, updates: Tensor, *, number: int, devices: Tensor
) -> Tensor:
    """What `devices` (K,) add to a secure sum, (K, D) int64 below the modulus, from their updates (K, d).

    With the exact arithmetic and noise of a deployed device, but not masked.
    """
    said = updates.double().numpy()
    if federation.quality is not None:
        quality = federation.plan.quality_norm * federation.quality(start)[devices.numpy()]
        said = np.concatenate([said, quality], axis=1)

    def streams(device: int) -> Streams:
        return lambda purpose: federation.randomness(stream_purpose(purpose, device=device), number)

    own = [streams(device) for device in devices.tolist()]
    shares = shares_of_a_sum(said, plan=federation.plan, start=start.numpy(), number=number, streams=own)
    return torch.from_numpy(shares.view(np.int64))


def opened_by_protocol(federation: Federation, answers: Iterator[Tensor], *, number: int) -> Iterator[Tensor]:
    """What the whole protocol opens of all answers: their sum, as one row, and nothing (zeros) of each other device.

    Nothing at all where it aborts, as where nobody answered.
    """
    rows = list(answers)
    if not rows:
        return
    shares = torch.cat(rows)
    opened = opened_sum(
        shares.numpy().view(np.uint64), plan=federation.plan, size=federation.model.layout.size, number=number
    )
    if opened is not None:
        seen = torch.zeros_like(shares)
        seen[0] = torch.from_numpy(opened.view(np.int64))
        yield seen


def side_by_side(size: int) -> int:
    """K, for heads of which `size` numbers are trained."""
    return min(max(NUMBERS_SIDE_BY_SIDE // max(size, 1), 1), MOST_SIDE_BY_SIDE)
