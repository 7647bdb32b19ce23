"""Rounds in one process: no messages, no Ray, one model; listeners of a cohort are trained side by side.

Letters: K listeners side by side, d released numbers.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from server.round import RoundState, run_round
from shared_model.training.examples import take
from shared_model.training.local_update import clipped_updates
from simulations.federation import Federation
from simulations.participation import accept, participations

SIDE_BY_SIDE = 50
"""K: enough to fill the processor's vector units, few enough to stay in its cache."""


def run_in_process(state: RoundState, federation: Federation) -> Iterator[RoundState]:
    """The states after each round that the plan still has to run."""
    plan = federation.plan
    taken_part = participations(federation, rounds=state.round)

    def collect(_: int, vector: Tensor, cohort: NDArray[np.int64]) -> Iterator[Tensor]:
        accepting = accept(taken_part, cohort, plan)
        for listeners in torch.split(torch.from_numpy(accepting), SIDE_BY_SIDE):
            if len(listeners):
                examples = take(federation.examples, listeners)
                yield clipped_updates(federation.model, vector, examples, training=federation.training, plan=plan)

    while state.round < plan.rounds:
        state = run_round(state, plan=plan, step=federation.step, randomness=federation.randomness, collect=collect)
        yield state
