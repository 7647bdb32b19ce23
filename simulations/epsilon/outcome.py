"""result.json of an epsilon job. Its schema is `simulations.epsilon.result_schema`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shared_model.private_transitions.released_pairs import ReleasedPairs
from simulations.epsilon.scenario import EpsilonScenario
from simulations.epsilon.starting_point import StartingPoint
from simulations.epsilon.table import COMPARED, Contributed, PlannedRow, ahead
from simulations.evaluation.full_ranking import FullRanking

EXTRAPOLATED_NOTE = (
    "EXTRAPOLATED rows have the noise and the delta of a larger population, as if so many listeners had played as "
    "those who were counted did: what is rare among them is then common, which real growth would not make it."
)


def start_row(
    start: StartingPoint, heard: Contributed, *, kept: float, off: FullRanking, everyone: FullRanking
) -> dict[str, Any]:
    """A part of the table without noise."""
    yardstick = start.bench.yardstick
    return {
        "public_kept": kept,
        "public_listeners": len(start.bench.learned),
        "pairs_heard": len(heard.keys),
        "release_0": yardstick.measure(start.release_0),
        "release_0_personal": yardstick.measure(start.release_0_personal),
        "federated_off": yardstick.measure(off),
        "everyone": yardstick.measure(everyone),
        "gain_off": {name: ahead(yardstick, name, [off], start.release_0_personal) for name in COMPARED},
    }


def epsilon_row(
    row: PlannedRow,
    start: StartingPoint,
    made: Sequence[ReleasedPairs],
    rankings: Sequence[FullRanking],
    *,
    beside: dict[str, Any],
    off: FullRanking,
) -> dict[str, Any]:
    """A row of the table. beside: what `start_row` made of its part."""
    yardstick, plan = start.bench.yardstick, row.plan
    spent, device = plan.spent(rounds=1), plan.device_spent(participations=1)
    short = {}
    for name in COMPARED:
        mean, low, high = ahead(yardstick, name, rankings, off)
        short[name] = (-mean, -high, -low)
    return {
        **yardstick.measure(*rankings),
        "public_kept": beside["public_kept"],
        "listeners": row.listeners,
        "extrapolated": row.scale > 1,
        "epsilon": spent.epsilon,
        "delta": spent.delta,
        "epsilon_device": device.epsilon,
        "unit": spent.unit.value,
        "relation": spent.relation.value,
        "trust": plan.privacy.trust.value,
        "adversary": spent.adversary.value,
        "mechanism": spent.mechanism,
        "noise_multiplier": plan.privacy.noise_multiplier,
        "pairs": plan.pairs,
        "threshold": plan.threshold,
        "released": float(np.mean([len(released.keys) for released in made])),
        **{name: beside[name]["hr_at_10"] for name in ("release_0", "release_0_personal", "federated_off")},
        "gain": {name: ahead(yardstick, name, rankings, start.release_0_personal) for name in COMPARED},
        "short_of_off": short,
    }


def verdict(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Each row in a sentence: what it gained over what costs no privacy."""
    return [
        f"{'EXTRAPOLATED to ' if row['extrapolated'] else ''}{row['listeners']:,} listeners, "
        f"{row['public_kept']:.0%} of the public, epsilon {row['epsilon']:.2f} (delta {row['delta']:.2g}, unit device, "
        f"add-or-remove-one, central trust): HR@10 {_signed(row['gain']['hr_at_10'])}, "
        f"MRR@20 {_signed(row['gain']['mrr_at_20'])} over release 0 with personal paths."
        for row in rows
    ]


def disclosure(scenario: EpsilonScenario, *, simulated: bool) -> list[str]:
    """What the numbers rest on."""
    items = [
        "The unit is the device, asked once, in one round of all: nothing is amplified, and a device's own count "
        "equals the population's.",
        "Trust is central: whoever adds the noise sees which pairs each device contributed.",
        f"A device contributes at most {scenario.transitions.pairs} pairs of its plays before the last 15; targets and "
        "validation plays are in nothing that is released.",
        "Noise is reproducible (a keyed stream): such a release can be inspected, and never promoted. Gains are "
        f"averaged over {scenario.transitions.noise_seeds} draws; intervals are over listeners, paired.",
        EXTRAPOLATED_NOTE,
        "Release 0 is one training. The number of pairs was chosen by looking at the test plays of Last.fm-1K with a "
        "tenth of the public listeners (50, 200 and 1,000 were tried); other data sets had no say in it.",
    ]
    if simulated:
        return [*items, "SIMULATED listeners: invented by a documented model; no number was measured on a person."]
    return [*items, "Catalogue assumed public: its filter saw everyone's plays, the held-out ones included."]


def _signed(gain: tuple[float, float, float]) -> str:
    mean, low, high = gain
    return f"{mean:+.4f} (95% interval {low:+.4f} to {high:+.4f})"
