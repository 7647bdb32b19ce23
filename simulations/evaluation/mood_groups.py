"""Attention and path shares by mood: what the head has learned of the paper's claim, for the report's page.

Groups follow the answers that the head itself was given, and may overlap. Letters: T targets, M modalities, L listens.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shared_model.head.explain import path_shares
from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.training.local_update import Model
from simulations.evaluation.head_ranking import HeldOutMoments, output

FEWEST = 30
"""A group of fewer moments is left out: its mean would be an anecdote."""


def mood_groups(state: NDArray[np.float32]) -> dict[str, NDArray[np.bool_]]:
    """Which moments belong to which group. state: (T, S), NaN where unanswered."""
    answers = dict(zip(STATE_FEATURES, state.T, strict=True))
    variability, valence, arousal = answers["valence_variability"], answers["valence"], answers["arousal"]
    known = ~np.isnan(variability)
    middle = float(np.median(variability[known])) if known.any() else 0.0
    groups = {
        "steady mood": known & (np.nan_to_num(variability) <= middle),
        "variable mood": known & (np.nan_to_num(variability) > middle),
        "low valence": np.nan_to_num(valence) < -0.25,
        "high arousal": np.nan_to_num(arousal) > 0.25,
        "unanswered": np.isnan(state).all(axis=1),
    }
    return {name: members for name, members in groups.items() if members.sum() >= FEWEST}


def explain_by_mood(
    model: Model, vector: Tensor, held_out: HeldOutMoments
) -> tuple[dict[str, object], dict[str, object]]:
    """The `attention` and `shares` blocks of result.json: means over each group's moments.

    Attention is listed from the latest listen backwards; a share is that of a path in the first recommendation.
    """
    attention, shares = [], []
    for rows in held_out.batches(range(len(held_out.played))):
        said = output(model, vector, held_out.rows(rows))
        attention.append(said.attention)
        shares.append(path_shares(said.contributions.numpy(), said.logits.argmax(1).numpy()))
    groups = mood_groups(held_out.batch.state.numpy())
    members = [torch.from_numpy(group) for group in groups.values()]
    weights, share = torch.cat(attention).flip(2), torch.from_numpy(np.concatenate(shares))
    by_modality = {
        name: [weights[group, place].mean(0).tolist() for group in members]
        for place, (name, _) in enumerate(model.head.shape.modalities)
    }
    return (
        {"groups": list(groups), **by_modality},
        {
            "groups": list(groups),
            "paths": list(model.head.shape.paths),
            "weights": [share[group].mean(0).tolist() for group in members],
        },
    )
