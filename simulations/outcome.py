"""result.json from what a run measured. Its schema is `simulations.report.result_schema`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.round import RoundState
from shared_model.privacy.disclosure import disclosure
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.spending import device_spent, population_spent
from shared_model.privacy.spent import PrivacySpent
from shared_model.quality.pooled import federated_evaluation
from simulations.datasets.dataset import Dataset
from simulations.engines.federation import Federation
from simulations.evaluation.full_ranking import FullRanking
from simulations.evaluation.quality import Metrics, Yardstick
from simulations.report.result_schema import SCHEMA
from simulations.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One training of the federation: its last state, and the quality after the rounds that were evaluated."""

    federation: Federation
    state: RoundState
    glances: dict[int, Metrics]
    ranking: FullRanking


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything a run measured; rankings are of the same targets."""

    release_0: FullRanking
    local_only: FullRanking
    federated: Training
    federated_private: Training
    baselines: dict[str, Metrics]
    ceilings: dict[str, Metrics]
    participations: NDArray[np.int64]
    attention: dict[str, Any]
    shares: dict[str, Any]
    model_sha256: str


def assemble(
    scenario: Scenario,
    dataset: Dataset,
    measured: Measured,
    *,
    name: str,
    variant: str | None,
    engine: str,
    yardstick: Yardstick,
    head_parameters: int,
    cost: dict[str, Any],
) -> dict[str, Any]:
    """The result of one run; `cost` alone differs when it is run again.

    head_parameters: numbers in the whole head, of which rounds train some.
    """
    private = measured.federated_private
    plan, model = private.federation.plan, private.federation.model
    models = {
        "release_0": yardstick.measure(measured.release_0),
        "local_only": yardstick.measure(measured.local_only),
        "federated": yardstick.measure(measured.federated.ranking),
        "federated_private": yardstick.measure(private.ranking),
    }
    most = int(measured.participations.max(initial=0))
    population, device = population_spent(plan, rounds=plan.rounds), device_spent(plan, participations=most)
    off = plan.mechanism is Mechanism.OFF
    return {
        "schema": SCHEMA,
        "scenario": name,
        "variant": variant,
        "title": scenario.title,
        "simulated": dataset.simulated,
        "dataset": {
            "name": dataset.name,
            "tracks": len(dataset.catalogue),
            "public_listeners": len(dataset.public),
            "private_listeners": len(dataset.private),
            "targets": len(yardstick.new),
            "new_targets": int(yardstick.new.sum()),
            "modalities": {key: int(value.present.sum()) for key, value in dataset.catalogue.modalities.items()},
        },
        "engine": engine,
        "seed": scenario.seed,
        "rounds": plan.rounds,
        "cohort": plan.cohort,
        "trainable": scenario.model.trainable,
        "trainable_parameters": model.layout.size,
        "head_parameters": head_parameters,
        **models["federated_private"],
        "models": models,
        "baselines": measured.baselines,
        "ceilings": measured.ceilings,
        "epsilon_pld": None if off else population.pld.epsilon,
        "epsilon_rdp": None if off else population.rdp.epsilon,
        "epsilon_device": None if off else device.epsilon,
        "epsilon_reason": population.pld.reason or population.rdp.reason,
        "delta": plan.delta,
        "privacy": _privacy(plan, private, most=most),
        "curve": _curve(measured),
        "attention": measured.attention if measured.attention["groups"] else None,
        "shares": measured.shares if measured.shares["groups"] else None,
        "federated_evaluation": _federated_evaluation(private),
        "verdict": _verdict(measured, yardstick),
        "disclosure": disclosure(
            plan,
            rounds=plan.rounds,
            most_participations=most,
            noise=private.federation.randomness("noise", 0).label,
            simulated=dataset.simulated,
            example_level=_example_spent(private.federation, most=most),
        ),
        "model_sha256": measured.model_sha256,
        "cost": cost,
    }


def _privacy(plan: PrivacyPlan, private: Training, *, most: int) -> dict[str, Any]:
    spent = population_spent(plan, rounds=plan.rounds)
    off = plan.mechanism is Mechanism.OFF
    return {
        "mechanism": plan.mechanism.value,
        "bands": plan.bands,
        "clipping": plan.clipping.value,
        "unit": plan.unit.value,
        "relation": plan.relation.value,
        "trust": plan.trust.value,
        "adversary": spent.pld.adversary.value,
        "accountants": [] if off else [spent.pld.accountant, spent.rdp.accountant],
        "noise_multiplier": plan.noise_multiplier,
        "clip_norm": None if off else plan.clip_norm,
        "sample_rate": plan.sample_rate,
        "planned_cohort": plan.cohort,
        "honest": plan.honest,
        "minimum_cohort": plan.minimum_cohort,
        "max_participations": plan.max_participations,
        "most_participations": most,
        "device_cap": plan.device_cap,
        "declined_invitations": sum(record.declined for record in private.state.records),
        "noise": None if off else private.federation.randomness("noise", 0).label,
        "example_level": _example_level(private.federation, most=most),
    }


def _federated_evaluation(private: Training) -> dict[str, Any] | None:
    federation = private.federation
    if not federation.plan.evaluation_share:
        return None
    sums = [record.quality for record in private.state.records if record.quality]
    return federated_evaluation(federation.plan, size=federation.model.layout.size, sums=sums)


def _example_spent(federation: Federation, *, most: int) -> PrivacySpent | None:
    """Of the device that took part most often."""
    level = federation.example_level
    return None if level is None else level.account_after(most).spent()


def _example_level(federation: Federation, *, most: int) -> dict[str, Any] | None:
    level, spent = federation.example_level, _example_spent(federation, most=most)
    if level is None or spent is None:
        return None
    return {
        "epsilon": spent.epsilon,
        "delta": spent.delta,
        "unit": spent.unit.value,
        "relation": spent.relation.value,
        "adversary": spent.adversary.value,
        "noise_multiplier": level.account.noise_multiplier,
        "clip_norm": level.training.clip_norm,
        "sample_rate": level.account.sample_rate,
        "steps": spent.rounds,
        "epsilon_cap": level.account.epsilon_cap,
        "accountant": spent.accountant,
    }


def _curve(measured: Measured) -> list[dict[str, Any]]:
    private, plain = measured.federated_private, measured.federated
    plan = private.federation.plan
    records = {record.round: record for record in private.state.records}
    points = []
    for number in range(plan.rounds + 1):
        record = records.get(number)
        spent = population_spent(plan, rounds=number) if number and number in private.glances else None
        points.append(
            {
                "round": number,
                "federated_private": private.glances.get(number),
                "federated": plain.glances.get(number),
                "epsilon_pld": spent.pld.epsilon if spent and spent.pld.reason is None else None,
                "epsilon_rdp": spent.rdp.epsilon if spent and spent.rdp.reason is None else None,
                "cohort": record.invited if record else None,
                "update_norm": record.update_norm if record else None,
                "noise_norm": record.noise_norm if record else None,
                "bytes_up": record.bytes_up if record else None,
                "bytes_down": record.bytes_down if record else None,
            }
        )
    return points


def _verdict(measured: Measured, yardstick: Yardstick) -> list[str]:
    """Whether the private run beats release 0, and what privacy cost, each with its interval."""
    private = measured.federated_private.ranking
    mean, low, high = yardstick.gain_over(private, other=measured.release_0)
    if measured.federated_private.federation.plan.mechanism is Mechanism.OFF:
        gain = f"HR@10 {mean:+.4f} (95% interval {low:+.4f} to {high:+.4f})"
        return [f"Privacy was off: epsilon is infinite. Rounds against release 0: {gain}."]
    beats = "beats" if low > 0 else "falls behind" if high < 0 else "is not told apart from"
    cost, cost_low, cost_high = yardstick.gain_over(private, other=measured.federated.ranking)
    return [
        f"The private run {beats} release 0: HR@10 {mean:+.4f} (95% interval {low:+.4f} to {high:+.4f}).",
        f"Against the federated run without privacy: HR@10 {cost:+.4f} ({cost_low:+.4f} to {cost_high:+.4f}).",
    ]
