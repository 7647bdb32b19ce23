"""Tune, measure on plays that the tuning never saw, and take the tuned copy only where it foresees them better."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine

from client.personalise.evaluate import FEWEST_PLAYS, LEAST_CHANCE, Compared, Foresight, foresee, held_out_from
from client.personalise.kept import keep_head
from client.recommend.recommender import Recommender
from shared_model.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Personalised:
    """release, tuned: how well each head foresees the held-out plays; compared: the tuned one with the release's;
    moods: whether the tuned one learned from mood answers."""

    release: Foresight
    tuned: Foresight
    compared: Compared
    moods: bool

    @property
    def taken(self) -> bool:
        """Whether the tuned copy is in use from now on, else the release's: it is better in the mean, and in so many
        more plays than it is worse that chance alone would rarely do it."""
        return self.tuned.mrr_20 > self.release.mrr_20 and self.compared.chance <= LEAST_CHANCE

    def as_json(self) -> dict[str, object]:
        """For people and for the store."""
        return {
            "release": self.release.as_json(),
            "tuned": self.tuned.as_json(),
            "compared": self.compared.as_json(),
            "taken": self.taken,
            "moods": self.moods,
        }


def personalise(recommender: Recommender, store: Engine, *, made_at_s: int) -> Personalised:
    """Tune the release's head anew on all but the last plays, and keep what came of it in `store`.

    A copy that was taken before gives way, whatever comes of this one: the newest plays decide. Raises BadInput, with
    nothing changed, where too little was played to tell.
    """
    history, collection = recommender.history, recommender.shelf.collection
    if len(history) < FEWEST_PLAYS:
        raise BadInput(f"tune: it takes {FEWEST_PLAYS} plays to learn from, and there are {len(history)}; import more")
    # torch takes two seconds, which recommending does without
    from client.personalise.tune import tune

    release, first = collection.release, held_out_from(history)
    generator = np.random.default_rng(made_at_s)
    learned = history.before(first)
    tuned = tune(release.head, collection, learned, consent=recommender.consent, generator=generator)
    if tuned is None:
        raise BadInput("tune: none of your plays could have been foreseen by this release, so that none teaches it")
    before = foresee(release.head, collection, history, first=first)
    after = foresee(tuned, collection, history, first=first)
    found = Personalised(
        release=Foresight.of(before),
        tuned=Foresight.of(after),
        compared=Compared.of(after, before),
        moods=learned.states is not None and not bool(np.isnan(learned.states).all()),
    )
    keep_head(store, release, tuned, made_at_s=made_at_s, evaluation=found.as_json(), use=found.taken)
    return found
