"""What to play next at a moment: memory retrieves, the head weighs, the listener's wishes choose.

Letters: N tracks, T plays, C candidates.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from client.consent.kinds import ListeningConsent
from client.recommend.choice import Choice, Source, allowed, chosen
from client.recommend.reasons import Reason, reason_of
from client.recommend.shelf import Shelf
from shared_model.head.inference import FrozenHead, Scored
from shared_model.history import History
from shared_model.memory.moments import Moments
from shared_model.memory.recollection import Recollection, recollect
from shared_model.memory.shortlist import SHORTLIST


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """index: in the catalogue; probability: of being the next play, among the candidates; reason: None where nothing
    was played yet, so that popularity alone decides."""

    index: int
    probability: float
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommender:
    """Prepared for one listener's plays so far. head: the release's, or the listener's own tuned copy of it.

    consent: that it may be made of these plays at all.
    """

    consent: ListeningConsent
    shelf: Shelf
    head: FrozenHead
    history: History
    recollection: Recollection | None

    @classmethod
    def prepare(cls, shelf: Shelf, head: FrozenHead, history: History, *, consent: ListeningConsent) -> "Recommender":
        """Do once what does not change until something is played."""
        paths = shelf.collection.paths
        nothing = np.empty(0, np.int64)  # a device's plays are in no public statistics
        recollection = recollect(history, paths=paths, counted=nothing) if len(history) else None
        return cls(consent=consent, shelf=shelf, head=head, history=history, recollection=recollection)

    def after(self, history: History) -> "Recommender":
        """The same after further plays: `history` begins with those so far."""
        if not len(history):
            return self
        paths = self.shelf.collection.paths
        nothing = np.empty(0, np.int64)
        recollection = recollect(history, paths=paths, counted=nothing, earlier=self.recollection)
        return replace(self, history=history, recollection=recollection)

    def recommend(
        self, count: int, choice: Choice, *, now_s: float, state: NDArray[np.float32] | None
    ) -> list[Recommended]:
        """The `count` best tracks, fewer where fewer are allowed, best first.

        now_s: Unix seconds; state: (S,) as the head is to see it, None where moods are not used.
        """
        among = allowed(choice, self.shelf, self.history)
        if self.recollection is None:
            return self._popular(count, among)
        moment = self.recollection.moment(self.history, now_s=now_s, state=state, shortlist=SHORTLIST, among=among)
        if not moment.candidates.size:
            return []
        scored = self.score(moment)
        places = chosen(scored.logits[0], moment.candidates[0], count, choice, self.shelf.collection)
        raised = np.exp(scored.logits[0] - scored.logits[0].max())
        probabilities = raised / raised.sum()
        return [
            Recommended(
                index=int(moment.candidates[0, place]),
                probability=float(probabilities[place]),
                reason=reason_of(place, scored, moment, self.head.shape.paths, self.history),
            )
            for place in places
        ]

    def score(self, moment: Moments) -> Scored:
        """What the head says of a moment's candidates."""
        evidence = moment.read(moment.candidates)
        return self.head.score(moment.situation, moment.candidates, evidence, self.shelf.collection.rows)

    def _popular(self, count: int, among: NDArray[np.bool_]) -> list[Recommended]:
        plays = np.where(among, self.shelf.collection.paths.statistics.plays, -1)
        best = np.argsort(-plays, kind="stable")[: min(count, int(among.sum()))]
        share = plays[best] / max(float(plays[among].sum()), 1.0)
        return [
            Recommended(index=int(index), probability=float(each), reason=None)
            for index, each in zip(best, share, strict=True)
        ]


def source_for(shelf: Shelf) -> Source:
    """Where recommendations come from when nobody says: the listener's own music, if there is any."""
    return Source.LIBRARY if shelf.in_library.any() else Source.CATALOGUE
