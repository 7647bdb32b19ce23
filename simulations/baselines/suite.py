"""All baselines by name, fitted for the two columns of the report."""

from collections.abc import Sequence
from dataclasses import replace

from shared_model.history import History
from simulations.baselines.bigram import Bigram
from simulations.baselines.blend import Blend, choose_blend
from simulations.baselines.item_knn import ItemKNN
from simulations.baselines.personal_popularity import PersonalPopularity
from simulations.evaluation.full_ranking import Scorer
from simulations.evaluation.held_out import training_part, validation_targets

BLEND_TARGETS = 1_500
"""Validation targets that the weights of the blend are chosen on, at most."""


def fit_baselines(public: Sequence[History], catalogue_size: int) -> dict[str, Scorer]:
    """What public listeners alone teach: the fair comparison, since nothing private is used.

    The blend's weights are chosen on the validation plays of `public`, then everything is fitted on all their plays.

    Raises:
        BadInput: a public history is too short to hold plays out.
    """
    plays = [history.tracks for history in public]
    blend = replace(
        _blend(public, catalogue_size),
        bigram=Bigram.fit(plays, catalogue_size),
        item_knn=ItemKNN.fit(plays, catalogue_size),
        personal_popularity=PersonalPopularity.fit(plays, catalogue_size),
    )
    return _by_name(blend)


def fit_ceilings(everyone: Sequence[History], catalogue_size: int) -> dict[str, Scorer]:
    """What everyone's plays before the held-out ones teach: out of reach without gathering private listening.

    Raises:
        BadInput: a history is too short to hold plays out.
    """
    return _by_name(_blend(everyone, catalogue_size))


def _blend(histories: Sequence[History], catalogue_size: int) -> Blend:
    plays = [training_part(history).tracks for history in histories]
    return choose_blend(
        Bigram.fit(plays, catalogue_size),
        ItemKNN.fit(plays, catalogue_size),
        PersonalPopularity.fit(plays, catalogue_size),
        histories=histories,
        targets=validation_targets(histories, limit=BLEND_TARGETS),
    )


def _by_name(blend: Blend) -> dict[str, Scorer]:
    return {
        "popularity": blend.personal_popularity.popularity,
        "personal_popularity": blend.personal_popularity,
        "bigram": blend.bigram,
        "item_knn": blend.item_knn,
        "blend": blend,
    }
