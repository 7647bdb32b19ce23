"""A federation to be simulated, and its training round by round with checkpoints and evaluation, by either engine.

Letters: U listeners, E examples of each, d released numbers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from server import checkpoint
from server.round import RoundState, ServerStep, plan_of_next_round
from server.round_log.run import LoggedRun
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed
from shared_model.training.examples import Examples
from shared_model.training.local_update import LocalTraining, Model
from simulations.engines.example_level import ExampleLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Federation:
    """Everything that its rounds depend on. examples: (U, E, ...), in the order of registration numbers.

    example_level: where it is set, devices train by it and not by `training`; only the in-process engine can.
    full_protocol: with distributed trust, whether secure aggregation is run whole, masks and all, and not its exact
    noise and arithmetic alone; in process only too. quality: where the plan has a share for it, what each device would
    say of a model's quality, from the model's vector (d,): (U, Q) of a norm of at most 1 each.
    """

    model: Model
    examples: Examples
    training: LocalTraining
    plan: PrivacyPlan
    step: ServerStep
    seed: int
    example_level: ExampleLevel | None = None
    full_protocol: bool = False
    quality: Callable[[Tensor], NDArray[np.float64]] | None = None

    def randomness(self, purpose: str, number: int) -> KeyedRandomness:
        """The simulation's reproducible privacy randomness for a purpose in a round."""
        return KeyedRandomness(key=key_from_seed(self.seed), purpose=purpose, round=number)


Engine = Callable[[RoundState, Federation], Iterator[RoundState]]
"""Runs the rounds that are left, and yields the state after each."""


def train(
    federation: Federation,
    *,
    engine: Engine,
    folder: Path,
    every: int,
    evaluated: Callable[[RoundState], None],
    progress: Callable[[int], None],
    log: LoggedRun | None = None,
) -> RoundState:
    """Run the rounds that `folder` does not hold yet, and return the last state.

    evaluated: called with the state before the first round, after each `every` rounds and after the last, those of an
    earlier, interrupted run included; progress: called with the number of finished rounds; log: where each round is
    announced before the engine is asked for it, and concluded before its state is saved. A round that is run again
    after a kill finds its own leaves there. Raises Refused where it came out otherwise.
    """
    last = federation.plan.rounds
    folder.mkdir(parents=True, exist_ok=True)
    state = checkpoint.latest(folder) or RoundState.start(federation.model.vector())
    if state.round == 0:
        checkpoint.save(state, folder)
    for number in range(0, state.round + 1):
        if is_evaluated(number, every=every, last=last):
            evaluated(checkpoint.load(checkpoint.path(folder, number)))
    progress(state.round)
    if log is not None and state.round < last:
        _announce(log, state)
    for after in engine(state, federation):
        if log is not None:
            log.conclude(after)
        checkpoint.save(after, folder)
        if not is_evaluated(state.round, every=every, last=last):
            checkpoint.path(folder, state.round).unlink()  # only states that are evaluated are kept
        state = after
        if is_evaluated(state.round, every=every, last=last):
            evaluated(state)
        progress(state.round)
        if log is not None and state.round < last:
            _announce(log, state)
    return state


def _announce(log: LoggedRun, state: RoundState) -> None:
    """With the clip norm that holds in the round after `state`."""
    replace(log, plan=plan_of_next_round(log.plan, state)).announce(state)


def is_evaluated(number: int, *, every: int, last: int) -> bool:
    """Whether quality is measured after this many rounds."""
    return number % every == 0 or number == last
