"""result.json from what a quality job measured. Its schema is `simulations.quality.result_schema`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulations.datasets.dataset import Dataset
from simulations.evaluation.full_ranking import FullRanking
from simulations.evaluation.held_out import HELD_OUT, VALIDATION
from simulations.evaluation.quality import Metrics
from simulations.quality.experiment import Bench, is_central
from simulations.quality.scenario import QualityScenario
from simulations.report.result_schema import SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything a job measured; rankings are of the same targets.

    model: one a seed; baselines: empty where everyone is public; groups, cold_tracks, cold_listeners, shares: the
    blocks of result.json; head_parameters: numbers in the head.
    """

    model: Sequence[FullRanking]
    baselines: dict[str, FullRanking]
    ceilings: dict[str, FullRanking]
    groups: list[dict[str, Any]]
    cold_tracks: dict[str, Any] | None
    cold_listeners: list[dict[str, Any]]
    shares: dict[str, float]
    head_parameters: int


def assemble(
    scenario: QualityScenario,
    dataset: Dataset,
    bench: Bench,
    measured: Measured,
    *,
    name: str,
    cost: dict[str, Any],
) -> dict[str, Any]:
    """The result of one job; `cost` alone differs when it is run again."""
    yardstick = bench.yardstick
    per_seed = [_without_intervals(yardstick.measure(ranking)) for ranking in measured.model]
    return {
        "schema": SCHEMA,
        "kind": scenario.kind,
        "scenario": name,
        "title": scenario.title,
        "simulated": dataset.simulated,
        "dataset": {
            "name": dataset.name,
            "tracks": len(bench.catalogue),
            "central": is_central(dataset),
            "learned_listeners": len(bench.learned),
            "scored_listeners": len(bench.scored),
            "targets": len(bench.targets),
            "new_targets": int(yardstick.new.sum()),
            "modalities": {key: int(value.present.sum()) for key, value in bench.catalogue.modalities.items()},
        },
        "seeds": list(scenario.seeds),
        "per_seed": [{"seed": seed, **points} for seed, points in zip(scenario.seeds, per_seed, strict=True)],
        "deviation": _deviation(per_seed) if len(per_seed) > 1 else None,
        "head_parameters": measured.head_parameters,
        **yardstick.measure(*measured.model),
        "baselines": {key: yardstick.measure(ranking) for key, ranking in measured.baselines.items()},
        "ceilings": {key: yardstick.measure(ranking) for key, ranking in measured.ceilings.items()},
        "beside": "baselines" if measured.baselines else "ceilings",
        "groups": measured.groups,
        "cold_tracks": measured.cold_tracks,
        "cold_listeners": measured.cold_listeners,
        "shares": measured.shares,
        "verdict": _verdict(measured, bench),
        "disclosure": _disclosure(scenario, dataset),
        "cost": cost,
    }


def _without_intervals(metrics: Metrics) -> Metrics:
    return {name: value for name, value in metrics.items() if not name.endswith(("_low", "_high"))}


def _deviation(per_seed: Sequence[Metrics]) -> Metrics:
    """The standard deviation of each metric over seeds (n - 1); None where the metric is undefined."""
    deviation: Metrics = {}
    for name in per_seed[0]:
        values = [points[name] for points in per_seed]
        deviation[name] = None if None in values else float(np.std(np.array(values, dtype=np.float64), ddof=1))
    return deviation


def _verdict(measured: Measured, bench: Bench) -> list[str]:
    """Whether the head beats each blend there is, with the interval of the difference."""
    sentences = []
    for blend, ranked in (
        ("the blend of what public listeners alone teach", measured.baselines.get("blend")),
        ("the blend of what everyone's plays before the targets teach", measured.ceilings["blend"]),
    ):
        if ranked is not None:
            mean, low, high = bench.yardstick.gain_over(*measured.model, other=ranked)
            beats = "beats" if low > 0 else "falls behind" if high < 0 else "is not told apart from"
            sentences.append(
                f"Release 0 {beats} {blend}: HR@10 {mean:+.4f} (95% interval {low:+.4f} to {high:+.4f}), "
                f"{_seeds(len(measured.model))}."
            )
    return sentences


def _seeds(count: int) -> str:
    return "one seed" if count == 1 else f"mean of {count} seeds"


def _disclosure(scenario: QualityScenario, dataset: Dataset) -> list[str]:
    """What the numbers rest on."""
    items = [
        "No privacy: trained in the clear. No epsilon belongs to this head, and it may learn single plays by heart."
    ]
    if is_central(dataset):
        items.append(
            f"Central: everyone's plays train, but for each listener's last {HELD_OUT + VALIDATION}; everyone's last "
            f"{HELD_OUT} are targets."
        )
    else:
        items.append(
            "Split: public listeners' plays train, and those of the others train nothing but the ceilings. The others' "
            f"last {HELD_OUT} plays are targets; their own earlier plays are read as they would be on their device."
        )
    items += [
        "Context: every true play before the target, held-out ones included.",
        "Intervals are over listeners; how far another seed would move a number is its deviation over seeds.",
        "Tuning: the blend's weights follow from validation plays. No test play had a say in any choice.",
    ]
    if dataset.simulated:
        items.append("SIMULATED listeners: invented by a documented model; no number here was measured on a person.")
    else:
        items.append("Catalogue assumed public: its filter saw everyone's plays, the held-out ones included.")
    if scenario.evaluation.cold_tracks:
        items.append(
            "Cold tracks were taken out of plays, statistics and candidates of one more training, of the first seed. "
            "They are ranked among all tracks, and contexts stay the true plays."
        )
    cold = "Cold listeners are the scored ones with their past cut short"
    items.append(
        f"{cold}; their earlier plays are among those that trained the head."
        if is_central(dataset)
        else f"{cold}; none of their plays trained the head."
    )
    return items
