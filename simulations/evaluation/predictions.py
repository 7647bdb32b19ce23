"""predictions.npz: what was recommended for every held-out play, so that others can recount every metric."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import Catalogue
from shared_model.durable import write_atomically
from shared_model.history import History
from simulations.evaluation.full_ranking import FullRanking
from simulations.evaluation.held_out import Target


def save_predictions(
    path: Path,
    *,
    catalogue: Catalogue,
    histories: Sequence[History],
    targets: Sequence[Target],
    ranking: FullRanking,
    more: Mapping[str, NDArray[np.generic]] | None = None,
) -> None:
    """Arrays of T targets, in the ids of the data set: listener (T,), target (T,), top20 (T, 20), best first.

    rank (T,) float64 is the target's own, ties at half; position (T,) its place in the listener's plays.
    histories: what `targets` point into; more: arrays to stand beside these, by other names.
    """
    track_ids = _ids(tuple(catalogue.track_ids))
    listener_ids = _ids(tuple(history.listener for history in histories))
    content = io.BytesIO()
    np.savez_compressed(
        content,
        listener=listener_ids[[target.listener for target in targets]],
        target=track_ids[[_played(histories[target.listener], target) for target in targets]],
        top20=track_ids[ranking.top20],
        rank=ranking.ranks,
        position=np.array([target.position for target in targets]),
        **(more or {}),  # type: ignore[arg-type]  # mypy thinks of allow_pickle
    )
    write_atomically(path, content.getvalue())


def _played(history: History, target: Target) -> int:
    return int(history.tracks[target.position])


def _ids(ids: tuple[str, ...]) -> NDArray[np.int64] | NDArray[np.str_]:
    """As integers where that loses nothing, as in the research logs; else as text of fixed width."""
    numbers = all(label.isascii() and label.isdigit() and len(label) < 19 and str(int(label)) == label for label in ids)
    return np.array(ids, dtype=np.int64) if numbers else np.array(ids, dtype=np.str_)
