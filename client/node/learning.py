"""What a deployed round is learned from: the release's adapted head over the tracks of this device, and its plays.

Letters: E examples, T plays.
"""

import numpy as np
import torch

from client.consent.kinds import ListeningConsent
from client.consent.purpose import Purpose
from client.node.quality import first_held_out, quality_of
from client.profile import Profile
from client.recommend.plays import read_plays
from client.recommend.shelf import read_shelf
from client.rounds.contribution import Learned
from shared_model.history import History
from shared_model.release_0.collection import Collection
from shared_model.release_0.release import Release0
from shared_model.round_invitation import Learning
from shared_model.training.examples import Examples, build_examples, by_listener
from shared_model.training.local_update import Model
from shared_model.training.release_model import head_of_rounds, release_model


def read_learned(
    profile: Profile, release: Release0, learning: Learning, *, consent: ListeningConsent, holding_out: bool
) -> Learned:
    """The latest plays as examples (1, E, ...), E being the nominal number whatever was played.

    holding_out: the very last are no examples, and the quality of what was received is said of them.
    Moods are read where the listener agreed to their use. consent: without one nothing is read.
    """
    shelf = read_shelf(release, profile.history, consent=consent)
    agreed = profile.consents.holds(Purpose.MOOD)
    plays = read_plays(
        profile.history,
        shelf.index_of,
        consent=consent,
        mood=profile.mood() if agreed else None,
        mood_consent=profile.consents.mood() if agreed else None,
    )
    model = _model(shelf.collection, learning)
    if not holding_out:
        return Learned(model=model, examples=examples_of(plays, shelf.collection, learning))
    first = first_held_out(plays)
    return Learned(
        model=model,
        examples=examples_of(plays.before(first), shelf.collection, learning),
        quality=lambda parameters: quality_of(
            head_of_rounds(release.head, parameters, rank=learning.rank, seed=learning.seed),
            shelf.collection,
            plays,
            first=first,
        ),
    )


def examples_of(plays: History, collection: Collection, learning: Learning) -> Examples:
    """(1, E, ...) of the latest plays, padded with weight 0; all of it where there are too few to learn from."""
    if len(plays) < 2:
        nothing = History(listener="here", tracks=np.array([0, 1]), started_at_s=np.array([0.0, 1.0]))
        padding = examples_of(nothing, collection, learning)
        return padding._replace(weight=torch.zeros_like(padding.weight))
    flat, counts = build_examples(
        [plays],
        [np.arange(max(1, len(plays) - learning.examples), len(plays))],
        paths=collection.paths,
        counted=[np.empty(0, np.int64)],  # a device's plays are in no public statistics
        candidates=learning.candidates,
        generator=np.random.default_rng(),  # which candidates a play is told apart from: never privacy
    )
    return by_listener(flat, counts, nominal=learning.examples)


def _model(collection: Collection, learning: Learning) -> Model:
    rows = collection.rows
    return release_model(
        collection.release.head,
        vectors=[torch.from_numpy(each.vectors.rows(np.arange(len(each.present)))) for each in rows],
        present=[torch.from_numpy(each.present) for each in rows],
        rank=learning.rank,
        seed=learning.seed,
    )
