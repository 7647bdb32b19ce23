"""Listeners who have just installed: the same targets, foreseen from the latest few plays alone.

Letters: T targets.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared_model.head.head import AttentiveFusionHead
from shared_model.history import History
from simulations.evaluation.full_ranking import FullRanking, Scorer, evaluate
from simulations.evaluation.head_ranking import held_out_moments
from simulations.evaluation.held_out import Target
from simulations.evaluation.quality import EVERY, Metrics
from simulations.quality.cold_tracks import plays_where
from simulations.quality.experiment import Bench, rank_head

LATEST_PLAYS = (1, 3, 10)
"""How many plays a cold listener has, each measured apart."""
COLD_LISTENER_TARGETS = 2_000
"""Targets that cold listeners are measured on, at most; they are spread over all listeners."""


def measure_cold_listeners(
    bench: Bench, *, head: AttentiveFusionHead, model: FullRanking, blend: Scorer, ranked_blend: FullRanking
) -> list[dict[str, int | Metrics | None]]:
    """The `cold_listeners` block of result.json: with a shortened past, and at last with all of it.

    model, ranked_blend: rankings of every target by `head` and by `blend`.
    """
    chosen = spread(len(bench.targets))
    yardstick, count = bench.yardstick.part(chosen), int(chosen.sum())
    some = [bench.targets[place] for place in np.flatnonzero(chosen)]
    counted = [bench.counted[target.listener] for target in some]
    rows: list[dict[str, int | Metrics | None]] = []
    for plays in LATEST_PLAYS:
        histories, targets = just_installed(bench.scored, some, plays=plays)
        moments = held_out_moments(histories, targets, paths=bench.paths, counted=counted)
        by_model, by_blend = rank_head(head, bench.catalogue, moments), evaluate(blend, histories, targets)
        measured = {"model": yardstick.among(EVERY, by_model), "blend": yardstick.among(EVERY, by_blend)}
        rows.append({"plays": plays, "targets": count, **measured})
    whole = {name: bench.yardstick.among(chosen, by) for name, by in (("model", model), ("blend", ranked_blend))}
    return [*rows, {"plays": None, "targets": count, **whole}]


def just_installed(
    histories: Sequence[History], targets: Sequence[Target], *, plays: int
) -> tuple[tuple[History, ...], tuple[Target, ...]]:
    """Each target as if its listener had only the latest `plays` plays (fewer where there are none): a history each."""
    shortened = []
    for target in targets:
        history = histories[target.listener]
        first = max(target.position - plays, 0)
        shortened.append(plays_where(history, np.isin(np.arange(len(history)), range(first, target.position + 1))))
    return tuple(shortened), tuple(
        Target(listener=place, position=len(history) - 1) for place, history in enumerate(shortened)
    )


def spread(targets: int) -> NDArray[np.bool_]:
    """At most `COLD_LISTENER_TARGETS` of T targets, (T,) bool, at even distances."""
    chosen = np.zeros(targets, dtype=bool)
    chosen[np.linspace(0, targets - 1, min(targets, COLD_LISTENER_TARGETS)).astype(np.int64)] = True
    return chosen
