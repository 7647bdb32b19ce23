"""Local-only: every device fine-tunes its own copy of release 0, and nothing is shared."""

import numpy as np
import torch

from shared_model.training.examples import Examples, take
from shared_model.training.local_update import LocalTraining, Model, local_updates
from simulations.engines.in_process import side_by_side
from simulations.evaluation.full_ranking import FullRanking
from simulations.evaluation.head_ranking import HeldOutMoments, joined, rank


def rank_local_only(
    model: Model, examples: Examples, held_out: HeldOutMoments, *, training: LocalTraining
) -> FullRanking:
    """Rank each target with its own listener's copy. examples: (U, E, ...), in the order of `held_out.listener`."""
    start = model.vector()
    parts = []
    for listeners in torch.split(torch.arange(len(examples.weight)), side_by_side(len(start))):
        copies = start + local_updates(model, start, take(examples, listeners), training)
        for listener, copy in zip(listeners.tolist(), copies, strict=True):
            first, last = np.searchsorted(held_out.listener, [listener, listener + 1])
            if first < last:
                parts.append(rank(model, copy, held_out, targets=range(int(first), int(last))))
    return joined(parts)
