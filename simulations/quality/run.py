"""The quality job: from a scenario to a report, each training taken up again where a killed run left it."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared_model.durable import write_atomically
from simulations.baselines.suite import fit_baselines, fit_ceilings
from simulations.datasets.load import load_dataset
from simulations.evaluation.full_ranking import FullRanking, Scorer, evaluate
from simulations.evaluation.predictions import save_predictions
from simulations.quality.cold_listeners import measure_cold_listeners
from simulations.quality.cold_tracks import measure_cold_tracks
from simulations.quality.experiment import Bench, is_central, mean_shares, rank_head, set_up_bench
from simulations.quality.groups import lyric_languages, measure_groups, target_groups
from simulations.quality.outcome import Measured, assemble
from simulations.quality.page import write_page
from simulations.quality.result_schema import QualityResult, load_quality, parse_quality
from simulations.quality.scenario import QualityScenario
from simulations.quality.trainings import train_all
from simulations.run_folder import RunFolder
from simulations.stages import Stages


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityJob:
    """A quality scenario, its name for the report, and where its data lies."""

    scenario: QualityScenario
    name: str
    data: Path | None

    def settings(self) -> dict[str, object]:
        """What a folder's run must agree with to be resumed."""
        return {
            "scenario": self.scenario.model_dump(mode="json"),
            "data": str(self.data.resolve()) if self.data else None,
        }


def run_quality(job: QualityJob, folder: Path, *, resume: bool, stages: Stages) -> QualityResult:
    """Run into `folder`, go on there when resuming, or hand back the result that lies there already.

    Raises BadInput for what cannot be run, with nothing written.
    """
    place = RunFolder(folder)
    place.check(job.settings(), resume=resume)
    return load_quality(place.result) if place.result.exists() else _run(job, place, stages)


def _run(job: QualityJob, folder: RunFolder, stages: Stages) -> QualityResult:
    scenario = job.scenario
    with stages.stage("data"):
        dataset = load_dataset(scenario, data=job.data)
        languages = lyric_languages(job.data) if scenario.dataset.name == "lieder" else None
        folder.begin(job.settings())
        stages.say(f"run folder: {folder.root}; when stopped, the same command with --out and --resume goes on")
        bench = set_up_bench(scenario, dataset)
    heads = train_all(scenario, bench, folder, stages)
    rankings = []
    for seed, head in zip(scenario.seeds, heads, strict=True):
        with stages.stage(f"ranking, seed {seed}"):
            rankings.append(rank_head(head, bench.catalogue, bench.held_out))
    with stages.stage("baselines and ceilings") as advance:
        size = len(dataset.catalogue)
        baselines = {} if is_central(dataset) else fit_baselines(dataset.public, size)
        ceilings = fit_ceilings((*dataset.public, *dataset.private), size)
        ranked_baselines = _evaluate_all(baselines, bench)
        advance(0.5)
        ranked_ceilings = _evaluate_all(ceilings, bench)
        blend, ranked_blend = (baselines or ceilings)["blend"], (ranked_baselines or ranked_ceilings)["blend"]
    with stages.stage("cold start") as advance:
        cold_tracks = measure_cold_tracks(scenario, bench, seen=rankings[0], folder=folder, advance=advance)
        cold_listeners = measure_cold_listeners(
            bench, head=heads[0], model=rankings[0], blend=blend, ranked_blend=ranked_blend
        )
    with stages.stage("report"):
        groups = target_groups(bench, languages)
        save_predictions(
            folder.predictions,
            catalogue=bench.catalogue,
            histories=bench.scored,
            targets=bench.targets,
            ranking=rankings[0],
            more={
                "seeds": np.array(scenario.seeds),
                "ranks_by_seed": np.stack([ranking.ranks for ranking in rankings]),
                "new": bench.yardstick.new,
            },
        )
        measured = Measured(
            model=rankings,
            baselines=ranked_baselines,
            ceilings=ranked_ceilings,
            groups=measure_groups(groups, bench.yardstick, model=rankings, blend=ranked_blend),
            cold_tracks=cold_tracks,
            cold_listeners=cold_listeners,
            shares=mean_shares(heads[0], bench.catalogue, bench.held_out),
            head_parameters=sum(parameter.numel() for parameter in heads[0].parameters()),
        )
        result = assemble(scenario, dataset, bench, measured, name=job.name, cost=stages.cost())
        checked = parse_quality(result, source=str(folder.result))
        write_page(checked, folder.page)
        write_atomically(folder.result, json.dumps(result, indent=1).encode())  # last: a folder that has it is whole
    return checked


def _evaluate_all(scorers: dict[str, Scorer], bench: Bench) -> dict[str, FullRanking]:
    return {name: evaluate(scorer, bench.scored, bench.targets) for name, scorer in scorers.items()}
