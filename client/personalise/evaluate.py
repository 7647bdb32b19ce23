"""How well a head foresees the listener's own last plays: by full ranking, each from all plays before it.

Letters: M held-out plays, C candidates.
"""

import math
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared_model.head.inference import FrozenHead
from shared_model.history import History
from shared_model.memory.moments import read_moments
from shared_model.memory.shortlist import SHORTLIST
from shared_model.ranking_metrics import hit, ranks, reciprocal_rank
from shared_model.release_0.collection import Collection

MOST_HELD_OUT: Final = 50
FEWEST_PLAYS: Final = 40
LEAST_CHANCE: Final = 0.1
"""A tuned head is taken where its mean is higher and a coin would do as well no more often than this.

Measured on the 40 plays after the verdict, starter release, MRR@20 gained over all simulated listeners: at a learning
rate that harms (0.05, 48 listeners) a higher mean alone takes 12 copies and loses .006, with the coin 2 and gains
.0015; at the rate that is used (0.01, 45) it takes 28 and gains .004, with the coin 17 and gains .002, both +- .003.
"""
Ranks = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """Of M held-out plays: share among the first 10, and mean reciprocal rank within the first 20, both 0..1."""

    plays: int
    hit_rate_10: float
    mrr_20: float

    @classmethod
    def of(cls, rank: Ranks) -> "Foresight":
        """Of plays with these ranks (M,)."""
        return cls(
            plays=len(rank), hit_rate_10=float(hit(rank, 10).mean()), mrr_20=float(reciprocal_rank(rank, 20).mean())
        )

    def as_json(self) -> dict[str, object]:
        """For people and for the store."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Of the plays that two heads foresee differently, how many one ranks higher than the other, and how many lower.

    chance: that a fair coin gives as many higher ones or more (one-sided sign test, Dixon and Mood 1946): a mean of
    at most 50 plays often moves by the luck of two or three of them.
    """

    higher: int
    lower: int

    @classmethod
    def of(cls, one: Ranks, other: Ranks) -> "Compared":
        """Ranks (M,) of the same plays."""
        return cls(higher=int((one < other).sum()), lower=int((one > other).sum()))

    @property
    def chance(self) -> float:
        """0..1; 1 where there is no difference."""
        differing = self.higher + self.lower
        as_high = sum(math.comb(differing, count) for count in range(self.higher, differing + 1))
        return float(as_high / 2**differing)

    def as_json(self) -> dict[str, object]:
        """For people and for the store."""
        return {"higher": self.higher, "lower": self.lower, "chance": round(self.chance, 4)}


def held_out_from(history: History, *, most: int = MOST_HELD_OUT) -> int:
    """The position of the first held-out play: the last fifth, at most `most`."""
    return len(history) - min(most, len(history) // 5)


def foresee(head: FrozenHead, collection: Collection, history: History, *, first: int) -> Ranks:
    """The rank (M,) among all tracks of every play from position `first` >= 1 on; infinite where memory misses it."""
    found = []
    for moments in read_moments(
        history,
        np.arange(first, len(history)),
        paths=collection.paths,
        counted=np.empty(0, np.int64),  # a device's plays are in no public statistics
        shortlist=SHORTLIST,
    ):
        evidence = moments.read(moments.candidates)
        logits = head.score(moments.situation, moments.candidates, evidence, collection.rows).logits
        came = moments.candidates == history.tracks[moments.positions][:, None]
        found.append(np.where(came.any(1), ranks(logits, came.argmax(1)), np.inf))
    return np.concatenate(found)
