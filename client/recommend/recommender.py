"""What to play next at a moment: memory retrieves, the head weighs, the listener's wishes choose.

Letters: N tracks, T plays, C candidates, S features of the psychological state.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from client.consent.kinds import ListeningConsent
from client.recommend.choice import Choice, allowed, chosen
from client.recommend.options import Source
from client.recommend.reasons import Reason, popular, reason_of
from client.recommend.shelf import Shelf
from shared_model.head.inference import FrozenHead, Scored
from shared_model.history import History
from shared_model.memory.moments import Moments
from shared_model.memory.recollection import Recollection
from shared_model.memory.shortlist import SHORTLIST


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """index: in the catalogue; probability: of being the next play, among the candidates; reason: None where nothing
    speaks for it."""

    index: int
    probability: float
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """tracks: best first; mood_effect: whether the state changed any score, which a head that knows no moods never
    lets it."""

    tracks: tuple[Recommended, ...]
    mood_effect: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommender:
    """Prepared for one listener's plays so far. head: the release's, or the listener's own tuned copy of it.

    consent: that it may be made of these plays at all; recollection: None where nothing was played yet.
    """

    consent: ListeningConsent
    shelf: Shelf
    head: FrozenHead
    history: History
    recollection: Recollection | None

    @classmethod
    def prepare(cls, shelf: Shelf, head: FrozenHead, history: History, *, consent: ListeningConsent) -> "Recommender":
        """Do once what does not change until something is played."""
        assert consent.purpose == "listening"
        recollection = shelf.collection.recollect(history) if len(history) else None
        return cls(consent=consent, shelf=shelf, head=head, history=history, recollection=recollection)

    def after(self, history: History) -> "Recommender":
        """As prepared anew for `history`, which mostly holds a few plays more; what they did not change is kept."""
        recollection = self.shelf.collection.recollect(history, earlier=self.recollection) if len(history) else None
        return replace(self, history=history, recollection=recollection)

    def recommend(self, count: int, choice: Choice, *, now_s: float, state: NDArray[np.float32] | None) -> Next:
        """The `count` best tracks, fewer where fewer are allowed.

        now_s: Unix seconds; state: (S,) as the head is to see it, None where moods are not used.
        """
        among = allowed(choice, self.shelf, self.history, now_s=now_s)
        if self.recollection is None:
            return self._popular(count, choice, among)
        moment = self.recollection.moment(self.history, now_s=now_s, state=state, shortlist=SHORTLIST, among=among)
        if not moment.candidates.size:
            return Next(tracks=(), mood_effect=False)
        scored = self.score(moment)
        logits, candidates = scored.logits[0].astype(np.float64), moment.candidates[0]
        raised = np.exp(logits - logits.max())
        probabilities = raised / raised.sum()
        return Next(
            tracks=tuple(
                Recommended(
                    index=int(candidates[place]),
                    probability=float(probabilities[place]),
                    reason=reason_of(place, scored, moment, self.head.shape.paths, self.history),
                )
                for place in self._chosen(logits, candidates, count, choice)
            ),
            mood_effect=self._reads_state(scored, moment),
        )

    def score(self, moment: Moments) -> Scored:
        """What the head says of a moment's candidates."""
        evidence = moment.read(moment.candidates)
        return self.head.score(moment.situation, moment.candidates, evidence, self.shelf.collection.rows)

    def _reads_state(self, scored: Scored, moment: Moments) -> bool:
        """Whether the scores would be others if nobody had said how they are."""
        state = moment.situation.state
        if np.isnan(state).all():
            return False
        unasked = replace(moment, situation=moment.situation._replace(state=np.full_like(state, np.nan)))
        return not np.array_equal(scored.logits, self.score(unasked).logits)

    def _popular(self, count: int, choice: Choice, among: NDArray[np.bool_]) -> Next:
        """Nothing was played: what the release's listeners play most, each with its share of what they may play."""
        collection = self.shelf.collection
        plays = np.where(among, collection.paths.statistics.plays, -1)
        candidates = np.argsort(-plays, kind="stable")[: min(SHORTLIST, int(among.sum()))]
        shares = plays[candidates] / max(float(plays[among].sum(dtype=np.float64)), 1.0)
        places = self._chosen(np.log1p(plays[candidates]), candidates, count, choice)
        tracks = [
            Recommended(index=index, probability=float(share), reason=popular(index, collection))
            for index, share in zip(candidates[places].tolist(), shares[places], strict=True)
        ]
        return Next(tracks=tuple(tracks), mood_effect=False)

    def _chosen(
        self, logits: NDArray[np.floating], candidates: NDArray[np.int64], count: int, choice: Choice
    ) -> list[int]:
        return chosen(logits, candidates, count, diversity=choice.diversity, collection=self.shelf.collection)


def source_for(shelf: Shelf) -> Source:
    """Where recommendations come from when nobody says: the listener's own music, if there is any."""
    return Source.LIBRARY if shelf.in_library.any() else Source.CATALOGUE
