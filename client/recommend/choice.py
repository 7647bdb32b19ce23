"""What the listener asks for: own music or the catalogue, repeats or discoveries, how varied.

Letters: N tracks, C candidates, D numbers of a modality's vector.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from client.recommend.options import Novelty, Source
from client.recommend.shelf import Shelf
from shared_model.catalogue import UNKNOWN
from shared_model.errors import BadInput
from shared_model.history import History
from shared_model.release_0.collection import Collection

__all__ = ["Choice", "Novelty", "Source", "allowed", "chosen"]
SAME_ALBUM, SAME_ARTIST = 1.0, 0.7
"""How alike two tracks of one album, or of one artist, count as; content that is alike counts as its cosine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """diversity: 0 (best first, whatever is alike) to 1 (unlike each other above all). Raises BadInput for another."""

    source: Source
    novelty: Novelty = Novelty.ANY
    diversity: float = 0.2

    def __post_init__(self) -> None:
        if not 0 <= self.diversity <= 1:
            raise BadInput(f"recommend: a diversity of {self.diversity} cannot be; give 0 to 1")


def allowed(choice: Choice, shelf: Shelf, history: History, *, now_s: float) -> NDArray[np.bool_]:
    """(N,): what may be recommended; never the track that was played last, nor what the listener does not want."""
    among = np.ones(len(shelf.collection.catalogue), np.bool_)
    if choice.source is Source.LIBRARY:
        among &= shelf.in_library
    elif choice.source is Source.CATALOGUE:
        among[len(shelf.collection.release.tracks) :] = False
    if choice.novelty is not Novelty.ANY:
        played = np.zeros_like(among)
        played[history.tracks] = True
        among &= played if choice.novelty is Novelty.REPEATS else ~played
    among[history.tracks[-1:]] = False
    among[shelf.silent(now_s)] = False
    return among


def chosen(
    logits: NDArray[np.floating], candidates: NDArray[np.int64], count: int, *, diversity: float, collection: Collection
) -> list[int]:
    """Places of `count` candidates (C,), best first: maximal marginal relevance (Carbonell and Goldstein 1998).

    Each next one has the largest (1 - diversity) relevance - diversity likeness, relevance being its logit from 0 for
    the least of them to 1 for the best, and likeness that to the most alike one chosen before. Of equals the better
    one comes first, then the one that memory retrieved before: the best of all is always the first.
    """
    order = np.argsort(-logits, kind="stable")
    best_first, candidates = logits[order], candidates[order]
    spread = max(float(np.ptp(logits)), 1e-9) if len(logits) else 1.0
    value = (1 - diversity) * (best_first - logits.min(initial=np.inf)) / spread
    likeness = np.zeros(len(logits), np.float32)
    places: list[int] = []
    for _ in range(min(count, len(logits))):
        place = int((value - diversity * likeness).argmax())
        places.append(int(order[place]))
        value[place] = -np.inf
        likeness = np.maximum(likeness, _likeness(place, candidates, collection))
    return places


def _likeness(place: int, candidates: NDArray[np.int64], collection: Collection) -> NDArray[np.float32]:
    """(C,) to the candidate at `place`, from 0 to 1."""
    alike = np.zeros(len(candidates), np.float32)
    for labels, likeness in ((collection.catalogue.artist, SAME_ARTIST), (collection.catalogue.album, SAME_ALBUM)):
        label = labels[candidates]
        alike[(label == label[place]) & (label != UNKNOWN)] = likeness
    for rows in collection.rows:
        vectors = rows.vectors.rows(candidates)
        alike = np.maximum(alike, vectors @ vectors[place])
    return alike
