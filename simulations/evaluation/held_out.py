"""Leave-last-out: each listener's newest plays are what the model must foresee, and it never learns from them.

The protocol is that of the published numbers: the last 10 plays are test targets, the 5 before them validation, and a
target's context is every true play before it, held-out ones included (they have happened by then).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared_model.errors import BadInput
from shared_model.history import History

HELD_OUT = 10
"""Plays at the end of each history that are test targets."""

VALIDATION = 5
"""Plays before those, for choices such as the weights of a blend."""

MIN_PLAYS = HELD_OUT + VALIDATION + 1
"""A shorter history would leave nothing to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A play to foresee: `histories[listener].tracks[position]`, its context being the plays before `position`."""

    listener: int
    position: int


def held_out_targets(histories: Sequence[History], *, limit: int = 10_000) -> tuple[Target, ...]:
    """The last `HELD_OUT` plays of every listener; of more than `limit`, that many drawn from a fixed seed.

    Raises:
        BadInput: a history has fewer than `MIN_PLAYS` plays.
    """
    return _targets(histories, first=HELD_OUT, last=0, limit=limit, seed=2)


def validation_targets(histories: Sequence[History], *, limit: int) -> tuple[Target, ...]:
    """The `VALIDATION` plays before the test targets; of more than `limit`, that many drawn from a fixed seed.

    Raises:
        BadInput: a history has fewer than `MIN_PLAYS` plays.
    """
    return _targets(histories, first=HELD_OUT + VALIDATION, last=HELD_OUT, limit=limit, seed=1)


def training_part(history: History) -> History:
    """All but the last `HELD_OUT + VALIDATION` plays."""
    return history.before(max(0, len(history) - HELD_OUT - VALIDATION))


def is_new(history: History, position: int) -> bool:
    """Whether the listener had not played this track before: a discovery, not a repeat."""
    return not bool((history.tracks[:position] == history.tracks[position]).any())


def _targets(histories: Sequence[History], *, first: int, last: int, limit: int, seed: int) -> tuple[Target, ...]:
    short = sum(len(history) < MIN_PLAYS for history in histories)
    if short:
        raise BadInput(
            f"evaluation: {short} of {len(histories)} listeners have fewer than {MIN_PLAYS} plays; "
            "leave them out of the data set"
        )
    targets = tuple(
        Target(listener=listener, position=position)
        for listener, history in enumerate(histories)
        for position in range(len(history) - first, len(history) - last)
    )
    if len(targets) <= limit:
        return targets
    # the legacy generator with these seeds is what the published numbers were drawn with
    drawn = np.random.RandomState(seed).choice(len(targets), limit, replace=False)
    return tuple(targets[index] for index in drawn)
