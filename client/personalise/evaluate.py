"""How well a head foresees the listener's own last plays: by full ranking, each from all plays before it.

Letters: M held-out plays, C candidates.
"""

from dataclasses import asdict, dataclass

import numpy as np

from shared_model.head.inference import FrozenHead
from shared_model.history import History
from shared_model.memory.moments import read_moments
from shared_model.memory.shortlist import SHORTLIST
from shared_model.ranking_metrics import ranks
from shared_model.release_0.collection import Collection

MOST_HELD_OUT = 50
FEWEST_PLAYS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """Of M held-out plays: share among the first 10, and mean reciprocal rank within the first 20, both 0..1."""

    plays: int
    hit_rate_10: float
    mrr_20: float

    def as_json(self) -> dict[str, object]:
        """For people and for the store."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


def held_out_from(history: History) -> int:
    """The position of the first held-out play: the last fifth, at most `MOST_HELD_OUT`."""
    return len(history) - min(MOST_HELD_OUT, len(history) // 5)


def foresee(head: FrozenHead, collection: Collection, history: History, *, first: int) -> Foresight:
    """Rank every play from position `first` on among all tracks; one that memory does not retrieve counts as missed."""
    found = []
    for moments in read_moments(
        history,
        np.arange(first, len(history)),
        paths=collection.paths,
        counted=np.empty(0, np.int64),
        shortlist=SHORTLIST,
    ):
        evidence = moments.read(moments.candidates)
        logits = head.score(moments.situation, moments.candidates, evidence, collection.rows).logits
        hit = moments.candidates == history.tracks[moments.positions][:, None]
        among = ranks(logits, hit.argmax(1))
        found.append(np.where(hit.any(1), among, np.inf))
    rank = np.concatenate(found)
    return Foresight(
        plays=len(rank),
        hit_rate_10=float((rank <= 10).mean()),
        mrr_20=float(np.where(rank <= 20, 1 / rank, 0).mean()),
    )
