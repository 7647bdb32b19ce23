"""The main job: from a scenario to a report, stage by stage, each taken up again where a killed run left it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from server.round import RoundState, ServerStep
from server.round_log.run import LoggedRun
from shared_model.durable import write_atomically
from shared_model.head.head import AttentiveFusionHead
from shared_model.history import History
from shared_model.privacy.plan import Mechanism
from shared_model.quality.said import disjoint_moods, quality_rows
from shared_model.training.local_update import Model
from simulations.baselines.suite import fit_baselines, fit_ceilings
from simulations.datasets.dataset import Dataset
from simulations.datasets.load import load_dataset
from simulations.engines.federation import Engine, Federation, train
from simulations.engines.flower import require_its_clients_can
from simulations.engines.participation import participations
from simulations.evaluation.full_ranking import Scorer, evaluate
from simulations.evaluation.head_ranking import rank
from simulations.evaluation.local_only import rank_local_only
from simulations.evaluation.mood_groups import explain_by_mood
from simulations.evaluation.predictions import save_predictions
from simulations.evaluation.quality import Metrics
from simulations.experiment import (
    Bench,
    example_level_of,
    local_training,
    new_head,
    plan_of,
    set_up_bench,
    tables_of,
    trainable_model,
)
from simulations.outcome import Measured, Training, assemble
from simulations.pretraining.head_file import load_head, save_head
from simulations.pretraining.release_0 import pretraining_of, public_examples, train_release_0
from simulations.release import sign_release
from simulations.report.page import write_page
from simulations.report.result_schema import Result, parse_result
from simulations.report.scalars import write_scalars
from simulations.round_log import open_log
from simulations.run_folder import RunFolder
from simulations.run_key import seal
from simulations.scenario import Scenario
from simulations.stages import Advance, Stages


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run: a scenario without variants, its name for the report, where its data lies, and who runs its rounds.

    Raises BadInput for an engine that cannot run the scenario.
    """

    scenario: Scenario
    name: str
    variant: str | None
    data: Path | None
    engine_name: str
    engine: Engine

    def __post_init__(self) -> None:
        privacy = self.scenario.privacy
        if self.engine_name == "flower":
            require_its_clients_can(
                example_level=privacy.example_level is not None,
                full_protocol=privacy.protocol == "full",
                quality=privacy.evaluation_share > 0,
            )

    def settings(self) -> dict[str, object]:
        """What a folder's run must agree with to be resumed."""
        return {
            "scenario": self.scenario.model_dump(mode="json", exclude={"variants"}),
            "engine": self.engine_name,
            "data": str(self.data.resolve()) if self.data else None,
        }


def run(job: Job, folder: RunFolder, *, stages: Stages) -> Result:
    """Do every stage that `folder` does not hold yet. Raises BadInput for what cannot be run, with nothing written."""
    scenario = job.scenario
    with stages.stage("data"):
        dataset = load_dataset(scenario, data=job.data)
        plan = plan_of(scenario, population=len(dataset.private))
        example_level = example_level_of(scenario)
        folder.begin(job.settings())
        stages.say(f"run folder: {folder.root}; when stopped, the same command with --out and --resume goes on")
        bench = set_up_bench(scenario, dataset)
    with stages.stage("release 0") as advance:
        head = _release_0(scenario, dataset, bench, folder, advance)
        model = trainable_model(scenario, head, tables_of(dataset.catalogue))
        release_0 = rank(model, model.vector(), bench.held_out)
    with stages.stage("baselines and ceilings") as advance:
        size = len(dataset.catalogue)
        everyone = (*dataset.public, *dataset.private)
        baselines = _measure_all(fit_baselines(dataset.public, size), dataset.private, bench)
        advance(0.5)
        ceilings = _measure_all(fit_ceilings(everyone, size), dataset.private, bench)
    training = local_training(scenario)
    with stages.stage("local-only"):
        local_only = rank_local_only(model, bench.examples, bench.held_out, training=training)
    step = ServerStep(learning_rate=scenario.training.server_learning_rate, momentum=scenario.training.server_momentum)
    private = Federation(
        model=model,
        examples=bench.examples,
        training=training,
        plan=plan,
        step=step,
        seed=scenario.seed,
        example_level=example_level,
        quality=_quality(model, bench, devices=len(dataset.private)) if plan.evaluation_share else None,
        full_protocol=scenario.privacy.protocol == "full",
    )
    open_plan = replace(plan.without_privacy(), max_participations=plan.rounds)
    with stages.stage("federated, no privacy") as advance:
        without = replace(private, plan=open_plan, example_level=None, full_protocol=False, quality=None)
        federated = _train(job, without, bench, folder.rounds("federated"), advance)
    with stages.stage("federated, private") as advance:
        off = plan.mechanism is Mechanism.OFF  # then it would be the same training again
        federated_private = federated
        log = open_log(folder, private)
        if not off:
            federated_private = _train(job, private, bench, folder.rounds("federated_private"), advance, log=log)
    with stages.stage("report"):
        attention, shares = explain_by_mood(model, federated_private.state.vector, bench.held_out)
        measured = Measured(
            release_0=release_0,
            local_only=local_only,
            federated=federated,
            federated_private=federated_private,
            baselines=baselines,
            ceilings=ceilings,
            participations=participations(private, rounds=plan.rounds),
            attention=attention,
            shares=shares,
            model_sha256=sign_release(folder, dataset, federated_private, settings=scenario.model),
        )
        save_predictions(
            folder.predictions,
            catalogue=dataset.catalogue,
            histories=dataset.private,
            targets=bench.targets,
            ranking=federated_private.ranking,
        )
        trainings = (federated,) if off else (federated, federated_private)
        in_rounds = sum(record.answered for each in trainings for record in each.state.records)
        result = assemble(
            scenario,
            dataset,
            measured,
            name=job.name,
            variant=job.variant,
            engine=job.engine_name,
            yardstick=bench.yardstick,
            head_parameters=sum(parameter.numel() for parameter in head.parameters()),
            cost=stages.cost() | {"client_updates": in_rounds + len(dataset.private)},
        )
        checked = parse_result(result, source=str(folder.result))
        write_scalars(checked, folder.scalars)
        write_page(checked, folder.page)
        write_atomically(folder.result, json.dumps(result, indent=1).encode())  # last: a folder that has it is whole
        seal(folder)
    return checked


def _quality(model: Model, bench: Bench, *, devices: int) -> Callable[[Tensor], NDArray[np.float64]]:
    """What each device would say of a model on its own held-out plays."""
    moods = disjoint_moods(bench.held_out.batch.state.numpy())

    def of_vector(vector: Tensor) -> NDArray[np.float64]:
        ranking = rank(model, vector, bench.held_out)
        return quality_rows(ranking.ranks, moods=moods, listener=bench.held_out.listener, devices=devices)

    return of_vector


def _release_0(
    scenario: Scenario, dataset: Dataset, bench: Bench, folder: RunFolder, advance: Advance
) -> AttentiveFusionHead:
    dense = scenario.model.output == "dense"
    head = new_head(scenario.model, dataset.catalogue, seed=scenario.seed, dense=dense)
    if folder.release_0.exists():
        load_head(head, folder.release_0)
        return head
    pretraining = pretraining_of(scenario.pretraining)
    examples = public_examples(dataset.public, paths=bench.paths, pretraining=pretraining, seed=scenario.seed)
    train_release_0(
        head, tables_of(dataset.catalogue), examples, pretraining=pretraining, seed=scenario.seed, progress=advance
    )
    save_head(head, folder.release_0)
    return head


def _measure_all(scorers: dict[str, Scorer], histories: Sequence[History], bench: Bench) -> dict[str, Metrics]:
    return {
        name: bench.yardstick.measure(evaluate(scorer, histories, bench.targets)) for name, scorer in scorers.items()
    }


def _train(
    job: Job,
    federation: Federation,
    bench: Bench,
    checkpoints: Path,
    advance: Advance,
    *,
    log: LoggedRun | None = None,
) -> Training:
    glances: dict[int, Metrics] = {}

    def evaluated(state: RoundState) -> None:
        glances[state.round] = bench.yardstick.glance(rank(federation.model, state.vector, bench.held_out))

    rounds = federation.plan.rounds
    state = train(
        federation,
        engine=job.engine,
        folder=checkpoints,
        every=job.scenario.evaluation.every,
        evaluated=evaluated,
        progress=lambda number: advance(number / rounds),
        log=log,
    )
    ranking = rank(federation.model, state.vector, bench.held_out)
    return Training(federation=federation, state=state, glances=glances, ranking=ranking)
