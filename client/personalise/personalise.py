"""Tune, measure on plays that the tuning never saw, and take the tuned copy only where it foresees them better."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine

from client.personalise.evaluate import FEWEST_PLAYS, Foresight, foresee, held_out_from
from client.personalise.kept import keep_head
from client.recommend.recommender import Recommender
from shared_model.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Personalised:
    """before: of the release's head; after: of the tuned one; taken: whether it is in use from now on."""

    before: Foresight
    after: Foresight
    taken: bool

    def as_json(self) -> dict[str, object]:
        """For people and for the store."""
        return {"release": self.before.as_json(), "tuned": self.after.as_json(), "taken": self.taken}


def personalise(recommender: Recommender, store: Engine, *, made_at_s: int) -> Personalised:
    """Tune the release's head anew on all but the last plays, and keep what came of it in `store`.

    Raises BadInput where too little was played to tell.
    """
    # torch takes two seconds, which recommending does without
    from client.personalise.tune import tune

    history, collection = recommender.history, recommender.shelf.collection
    if len(history) < FEWEST_PLAYS:
        raise BadInput(f"tune: {len(history)} plays are too few to learn from; it takes {FEWEST_PLAYS}. Import more")
    release, first = collection.release, held_out_from(history)
    generator = np.random.default_rng(made_at_s)
    tuned = tune(release.head, collection, history, until=first, consent=recommender.consent, generator=generator)
    if tuned is None:
        raise BadInput("tune: none of your plays could have been foreseen by this release, so that none teaches it")
    before = foresee(release.head, collection, history, first=first)
    after = foresee(tuned, collection, history, first=first)
    taken = after.mrr_20 > before.mrr_20
    found = Personalised(before=before, after=after, taken=taken)
    keep_head(store, release, tuned, made_at_s=made_at_s, evaluation=found.as_json(), use=taken)
    return found
