"""The next-play examples of a device: each is a moment, the play that came, and candidates it is told apart from.

Evidence does not depend on anything that is trained, so that it is computed once.
Letters as in `shared_model.head.batch`; E examples of one listener, K listeners, T plays.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shared_model.head.batch import Batch
from shared_model.history import History, Tracks
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.moments import read_moments
from shared_model.training.moments import batch_of, joined

LEARNED_SHORTLIST = 200
"""Tracks that memory retrieves for an example: the play is told apart from what was likely, not from anything."""


class Examples(NamedTuple):
    """Moments with the play that came.

    batch: (E, ...), its first candidate is the play that came;
    weight: (E,) float32: 1, or 0 where a listener has fewer examples than the nominal number.
    """

    batch: Batch
    weight: Tensor


def build_examples(
    histories: Sequence[History],
    positions: Sequence[NDArray[np.int64]],
    *,
    paths: MemoryPaths,
    counted: Sequence[Tracks],
    candidates: int,
    generator: np.random.Generator,
) -> tuple[Examples, list[int]]:
    """Examples of all listeners one after the other, and how many each has, for the plays at their `positions`.

    A play that memory would not have retrieved is left out: no head could have recommended it. So is a track that is
    `unheard`, as play and as candidate: of a catalogue drawn from these listeners' plays, what nobody else played is
    there because this one will. At least one listener must have a position.

    counted: the plays of each listener that the statistics of `paths` hold; candidates: C, the play that came and
    others drawn from the `LEARNED_SHORTLIST` strongest, in their order; at most as many.
    generator: draws the latter; learning only, never privacy.
    """
    size = min(LEARNED_SHORTLIST, len(paths.catalogue))
    kept = min(candidates, size)
    batches, counts = [], []
    for history, at, own in zip(histories, positions, counted, strict=True):
        counts.append(0)
        for some in read_moments(history, at, paths=paths, counted=own, shortlist=size):
            played = history.tracks[some.positions]
            listed, reached = _first(some.candidates, played)
            unheard = some.evidence.unheard(listed)
            reached &= ~unheard[:, 0]
            drawn = np.sort(_drawn(unheard[:, 1:], kept - 1, generator), axis=1) + 1
            columns = np.concatenate([np.zeros((len(played), 1), np.int64), drawn], axis=1)
            batch = batch_of(some, np.take_along_axis(listed, columns, 1))
            batches.append(Batch(*(field[torch.from_numpy(reached)] for field in batch)))
            counts[-1] += int(reached.sum())
    return Examples(batch=joined(batches), weight=torch.ones(sum(counts))), counts


def by_listener(examples: Examples, counts: Sequence[int], *, nominal: int) -> Examples:
    """Examples (K, nominal, ...) from K listeners' examples one after the other, padded with weight 0.

    The nominal number is public: that a listener has played little is not to be seen from a shape.
    """
    if not len(examples.weight):  # memory reached none of their plays
        nothing = (field.new_zeros(len(counts), nominal, *field.shape[1:]) for field in examples.batch)
        return Examples(batch=Batch(*nothing), weight=examples.weight.new_zeros(len(counts), nominal))
    starts = np.r_[0, np.cumsum(counts)[:-1]]
    place = np.minimum(np.arange(nominal)[None], np.maximum(np.array(counts)[:, None] - 1, 0))
    last = len(examples.weight) - 1  # a listener without examples borrows any row: its weight is 0
    rows = torch.from_numpy(np.minimum(starts[:, None] + place, last))
    real = torch.from_numpy(np.arange(nominal)[None] < np.array(counts)[:, None])
    padded = take(examples, rows)
    return padded._replace(weight=padded.weight * real)


def take(examples: Examples, rows: Tensor | slice | tuple[slice, ...]) -> Examples:
    """The examples, or the listeners, at `rows` of the first dimension."""
    return Examples(batch=Batch(*(field[rows] for field in examples.batch)), weight=examples.weight[rows])


def _first(listed: NDArray[np.int64], played: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Candidates (E, C) with the play that came in the first place, and whether it was among them, (E,)."""
    hit = listed == played[:, None]
    swapped = np.where(hit, listed[:, :1], listed)
    swapped[:, 0] = played
    return swapped, hit.any(1)


def _drawn(unheard: NDArray[np.bool_], kept: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """(E, kept) places among C, without repetition; those that are `unheard` (E, C) only where the others run out."""
    order = generator.random(unheard.shape) + unheard
    return np.argpartition(order, min(kept, unheard.shape[1] - 1), axis=1)[:, :kept]
