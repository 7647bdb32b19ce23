"""Release 0: the head trained on public listening, in the clear, before any round.

Public logs record no mood, so that the columns of the psychological state stay at zero: only rounds teach them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from shared_model.catalogue import Catalogue
from shared_model.errors import BadInput
from shared_model.head.batch import Tables
from shared_model.head.head import AttentiveFusionHead
from shared_model.head.memory_paths import fit_public_statistics
from shared_model.head.parameters import ParameterLayout
from shared_model.history import History
from shared_model.training.examples import Examples, build_examples, take
from shared_model.training.local_update import Model, loss
from simulations.evaluation.held_out import training_part

FOLDS = 5
"""Parts that public listeners are cut in; the evidence of each comes from the others, or it would know the answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretraining:
    """learning_rate of Adam, at its peak; batch_size and epochs >= 1; candidates: C of each example, at least 38."""

    learning_rate: float
    batch_size: int
    epochs: int
    candidates: int
    max_examples: int


def public_examples(
    public: Sequence[History], *, catalogue: Catalogue, pretraining: Pretraining, seed: int
) -> Examples:
    """Examples of public listeners' plays, each fold's evidence counted on the other folds.

    Raises BadInput where no public listener has a play to learn from.
    """
    generator = np.random.default_rng(seed)
    folds = []
    for fold in range(FOLDS):
        others = [history.tracks for place, history in enumerate(public) if place % FOLDS != fold]
        here = [training_part(history) for place, history in enumerate(public) if place % FOLDS == fold]
        positions = [latest_positions(history, pretraining.max_examples) for history in here]
        if not sum(len(at) for at in positions):
            continue
        folds.append(
            build_examples(
                here,
                positions,
                statistics=fit_public_statistics(others, size=len(catalogue)),
                catalogue=catalogue,
                candidates=pretraining.candidates,
                generator=generator,
            )
        )
    if not folds:
        raise BadInput(
            f"release 0: none of {len(public)} public listeners has plays to learn from; give more public listening"
        )
    return Examples(
        batch=type(folds[0].batch)(
            *(torch.cat(fields) for fields in zip(*(fold.batch for fold in folds), strict=True))
        ),
        correction=torch.cat([fold.correction for fold in folds]),
        weight=torch.cat([fold.weight for fold in folds]),
    )


def latest_positions(history: History, limit: int) -> NDArray[np.int64]:
    """The last `limit` positions that have a play before them."""
    return np.arange(max(1, len(history) - limit), len(history))


def train_release_0(
    head: AttentiveFusionHead,
    tables: Tables,
    examples: Examples,
    *,
    pretraining: Pretraining,
    seed: int,
    progress: Callable[[float], None],
) -> None:
    """Train all of `head` in place by Adam with a linear decay. progress: called with the share done, 0..1."""
    layout = ParameterLayout.of(head, tuple(name for name, _ in head.named_parameters()))
    model = Model(head=head, tables=tables, layout=layout)
    generator = torch.Generator().manual_seed(seed)
    parameters: dict[str, torch.Tensor] = dict(head.named_parameters())
    optimiser = torch.optim.Adam(parameters.values(), lr=pretraining.learning_rate)
    steps = pretraining.epochs * -(-len(examples.weight) // pretraining.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: max(0.02, 1 - step / steps))
    done = 0
    for _ in range(pretraining.epochs):
        order = torch.randperm(len(examples.weight), generator=generator)
        for rows in torch.split(order, pretraining.batch_size):
            optimiser.zero_grad()
            value = loss(model, parameters, take(examples, rows))
            value.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            done += 1
            progress(done / steps)
