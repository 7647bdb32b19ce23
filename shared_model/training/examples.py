"""The next-play examples of a device: each is a moment, the play that came, and candidates it is told apart from.

Evidence of the memory paths does not depend on anything that is trained, so that it is computed once.
Letters as in `shared_model.head.batch`; E examples of one listener, K listeners.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shared_model.catalogue import Catalogue
from shared_model.head.batch import HISTORY_LENGTH, Batch
from shared_model.head.memory_paths import MemoryEvidence, PublicStatistics, memory_evidence
from shared_model.head.moment import moment_features
from shared_model.head.psychological_state import STATE_FEATURES
from shared_model.history import History

STRONGEST = 6
"""Candidates taken from the top of each memory path: the tracks that a path is most wrong or right about."""
NUMBERS_AT_ONCE = 500_000
"""Tracks times moments whose dense evidence is in memory at once: 12 MB for six paths. Arrays beyond some 30 MB go back
to the operating system each time, whose clearing of new ones then takes longer than the work on them."""


class Examples(NamedTuple):
    """Moments with the play that came.

    batch: (E, ...), its first candidate is the play that came;
    correction: (E, C) float32, to be added to the logits: minus the log of the chance that a candidate stands in the
    row (Jean et al. 2015), minus infinity where it stands for the second time;
    weight: (E,) float32, 1, or 0 where a listener has fewer examples than the nominal number.
    """

    batch: Batch
    correction: Tensor
    weight: Tensor


def moments(history: History, positions: NDArray[np.int64], catalogue: Catalogue) -> dict[str, NDArray[np.generic]]:
    """All of a `Batch` but candidates and evidence, for the plays at `positions` (E,), each from 1 to T."""
    back = positions[:, None] + np.arange(-HISTORY_LENGTH, 0)
    known = back >= 0
    listens = np.where(known, history.tracks[np.maximum(back, 0)], -1)
    hours = np.zeros(back.shape, dtype=np.float32)
    latest_time = np.minimum(positions, len(history) - 1)
    if history.started_at_s is not None:
        ago_s = history.started_at_s[latest_time][:, None] - history.started_at_s[np.maximum(back, 0)]
        hours = np.where(known, np.maximum(ago_s, 0) / 3600, 0).astype(np.float32)
    states = np.full((len(positions), len(STATE_FEATURES)), np.nan, dtype=np.float32)
    if history.states is not None:
        states = history.states[latest_time]
    moment = moment_features(history, positions, catalogue)
    return {"history": listens, "hours": hours, "state": states, "moment": moment}


def build_examples(
    histories: Sequence[History],
    positions: Sequence[NDArray[np.int64]],
    *,
    statistics: PublicStatistics,
    catalogue: Catalogue,
    candidates: int,
    generator: np.random.Generator,
) -> Examples:
    """Examples (sum of E, ...) of all listeners one after the other, for the plays at their `positions`.

    candidates: C, the play that came, the strongest of each memory path, and uniformly drawn tracks, of which there
    is at least one: C is larger where `candidates` leaves no room for it.
    generator: draws the latter; learning only, never privacy.
    """
    parts = [moments(history, at, catalogue) for history, at in zip(histories, positions, strict=True)]
    where = [(history, int(position)) for history, at in zip(histories, positions, strict=True) for position in at]
    found, corrections, evidence = [], [], []
    at_once = max(NUMBERS_AT_ONCE // len(catalogue), 1)
    for start in range(0, len(where), at_once):
        some = where[start : start + at_once]
        said = memory_evidence([history.tracks[:position] for history, position in some], statistics, catalogue)
        targets = np.array([history.tracks[position] for history, position in some])
        drawn, drawn_correction, dense = _candidates(said, targets, candidates, generator)
        found.append(drawn)
        corrections.append(drawn_correction)
        evidence.append(np.take_along_axis(dense, drawn[:, None, :], axis=2).astype(np.float16))
    joined = {name: torch.from_numpy(np.concatenate([part[name] for part in parts])) for name in parts[0]}
    batch = Batch(
        candidates=torch.from_numpy(np.concatenate(found)),
        evidence=torch.from_numpy(np.concatenate(evidence)),
        **joined,
    )
    return Examples(
        batch=batch, correction=torch.from_numpy(np.concatenate(corrections)), weight=torch.ones(len(where))
    )


def by_listener(examples: Examples, counts: Sequence[int], *, nominal: int) -> Examples:
    """Examples (K, nominal, ...) from K listeners' examples one after the other, padded with weight 0.

    The nominal number is public: that a listener has played little is not to be seen from a shape.
    """
    starts = np.r_[0, np.cumsum(counts)[:-1]]
    place = np.minimum(np.arange(nominal)[None], np.maximum(np.array(counts)[:, None] - 1, 0))
    last = len(examples.weight) - 1  # a listener without examples borrows any row: its weight is 0
    rows = torch.from_numpy(np.minimum(starts[:, None] + place, last))
    real = torch.from_numpy(np.arange(nominal)[None] < np.array(counts)[:, None])
    padded = take(examples, rows)
    return padded._replace(weight=padded.weight * real)


def take(examples: Examples, rows: Tensor | slice | tuple[slice, ...]) -> Examples:
    """The examples, or the listeners, at `rows` of the first dimension."""
    fields = {name: field[rows] for name, field in examples.batch._asdict().items() if field is not None}
    return Examples(batch=Batch(**fields), correction=examples.correction[rows], weight=examples.weight[rows])


def _candidates(
    said: MemoryEvidence, targets: NDArray[np.int64], size: int, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Candidates (E, C), their corrections (E, C), and the dense evidence (E, P, N) they were chosen by."""
    dense = said.dense(slice(None))
    tracks = dense.shape[2]
    strongest = min(STRONGEST, tracks)
    top = np.argpartition(-dense, strongest - 1, axis=2)[:, :, :strongest].reshape(len(targets), -1)
    certain = np.concatenate([targets[:, None], top], axis=1)
    uniform = generator.integers(tracks, size=(len(targets), max(size - certain.shape[1], 1)))
    drawn = np.concatenate([certain, uniform], axis=1)
    correction = np.zeros(drawn.shape, dtype=np.float32)
    chance = 1 - (1 - 1 / tracks) ** uniform.shape[1]  # of being drawn at all, since a second time does not count
    correction[:, certain.shape[1] :] = -np.log(chance)
    correction[_stands_before(drawn)] = -np.inf
    return drawn, correction, dense


def _stands_before(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True where the same number stands further left in its row."""
    order = np.argsort(rows, axis=1, kind="stable")
    ordered = np.take_along_axis(rows, order, axis=1)
    again = np.zeros(rows.shape, dtype=bool)
    np.put_along_axis(again, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    return again
