import dataclasses
from typing import Any

import pytest

from shared_model.canonical_json import encode
from shared_model.errors import BadInput
from shared_model.manifest import Manifest
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.spending import device_spent, population_spent, server_spent

PLAN = PrivacyPlan(
    population=1000,
    cohort=1000,
    rounds=3,
    clip_norm=1,  # an int where a float is meant: it must be spelled as a decimal all the same
    noise_multiplier=2.0,
    delta=1e-4,
    max_participations=3,
    device_cap=9.5,
)


def manifest(plan: PrivacyPlan) -> Manifest:
    population = population_spent(plan, rounds=3)
    return Manifest(
        catalogue="lieder",
        head={"trainable": "adapter", "rank": 4},
        plan=plan,
        rounds=3,
        spent=(population.pld, population.rdp, device_spent(plan, participations=3), server_spent(plan, rounds=3)),
        noise="operating system",
        simulated=False,
    )


@pytest.mark.parametrize("plan", [PLAN, PLAN.without_privacy()])
def test_a_manifest_reads_back_as_it_was_written(plan: PrivacyPlan) -> None:
    assert Manifest.from_json(manifest(plan).to_json()) == manifest(plan)


def test_it_holds_no_floats_and_every_epsilon_with_its_kind() -> None:
    value: Any = manifest(PLAN).to_json()
    encode(value)  # raises on a float
    assert value["plan"]["clip_norm"] == "1.0"
    assert value["plan"]["noise_multiplier"] == "2.0"
    for spent in value["spent"]:
        assert {"epsilon", "delta", "unit", "relation", "adversary", "mechanism", "accountant"} <= spent.keys()
    assert value["spent"][3]["epsilon"] == "infinite"


@pytest.mark.parametrize(
    "change",
    [
        {"noise": "reproducible"},
        {"noise": "of unknown origin"},
        {"simulated": True},
        {"simulated": None},
        {"plan": PLAN.without_privacy()},
    ],
)
def test_only_secret_noise_over_real_listeners_is_ever_promoted_line_15(change: dict[str, Any]) -> None:
    assert manifest(PLAN).may_be_promoted
    assert not dataclasses.replace(manifest(PLAN), **change).may_be_promoted


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["format"], 2),
        (["plan", "delta"], "many"),
        (["plan", "delta"], "0.5"),
        (["plan", "trust"], "blind"),
        (["plan", "surprise"], 1),
        (["spent", 0, "unit"], "listen"),
        (["spent", 0, "epsilon"], "-1.0"),
    ],
)
def test_what_cannot_be_a_manifest_is_refused(path: list[Any], value: Any) -> None:
    broken: Any = manifest(PLAN).to_json()
    target = broken
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(BadInput):
        Manifest.from_json(broken)


def test_a_missing_field_is_refused() -> None:
    broken = manifest(PLAN).to_json()
    del broken["noise"]
    with pytest.raises(BadInput, match="noise"):
        Manifest.from_json(broken)
