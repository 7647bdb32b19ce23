"""The epsilon job: from a scenario to a table, each training and each row kept as soon as it is done."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_model.durable import write_atomically
from simulations.datasets.dataset import Dataset
from simulations.datasets.load import load_dataset
from simulations.epsilon.outcome import disclosure, epsilon_row, start_row, verdict
from simulations.epsilon.page import write_page
from simulations.epsilon.result_schema import EpsilonResult, load_epsilon, parse_epsilon
from simulations.epsilon.scenario import EpsilonScenario
from simulations.epsilon.starting_point import start
from simulations.epsilon.table import contributed, everyone, measure_row, planned_rows, releases, without_noise
from simulations.report.result_schema import SCHEMA
from simulations.run_folder import RunFolder
from simulations.stages import Stages

ROWS = "rows.json"
"""The rows that are done, of a job that may be killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpsilonJob:
    """An epsilon scenario, its name for the report, and where its data lies."""

    scenario: EpsilonScenario
    name: str
    data: Path | None

    def settings(self) -> dict[str, object]:
        """What a folder's run must agree with to be resumed."""
        return {
            "scenario": self.scenario.model_dump(mode="json"),
            "data": str(self.data.resolve()) if self.data else None,
        }


def run_epsilon(job: EpsilonJob, folder: Path, *, resume: bool, stages: Stages) -> EpsilonResult:
    """Run into `folder`, go on there when resuming, or hand back the result that lies there already.

    Raises BadInput for what cannot be run, with nothing written.
    """
    place = RunFolder(folder)
    place.check(job.settings(), resume=resume)
    return load_epsilon(place.result) if place.result.exists() else _run(job, place, stages)


def _run(job: EpsilonJob, folder: RunFolder, stages: Stages) -> EpsilonResult:
    scenario, clear = job.scenario, job.scenario.in_the_clear()
    with stages.stage("data"):
        dataset = load_dataset(clear, data=job.data)
        list(planned_rows(scenario.transitions, listeners=len(dataset.private)))  # before anything is trained
        folder.begin(job.settings())
        stages.say(f"run folder: {folder.root}; when stopped, the same command with --out and --resume goes on")
    done = _Done(folder.root / ROWS)
    facts: dict[str, Any] = {}
    for kept in scenario.public_kept:
        facts = _part(job, dataset, kept=kept, folder=folder, done=done, stages=stages)
    result = {
        "schema": SCHEMA,
        "kind": scenario.kind,
        "scenario": job.name,
        "title": scenario.title,
        "simulated": dataset.simulated,
        "dataset": facts,
        "seed": scenario.seed,
        "noise_seeds": scenario.transitions.noise_seeds,
        "starts": done.of("starts"),
        "by_epsilon": done.of("by_epsilon"),
        "verdict": verdict(done.of("by_epsilon")),
        "disclosure": disclosure(scenario, simulated=dataset.simulated),
        "cost": stages.cost(),
    }
    checked = parse_epsilon(result, source=str(folder.result))
    write_page(checked, folder.page)
    write_atomically(folder.result, json.dumps(result, indent=1).encode())  # last: a folder that has it is whole
    return checked


def _part(
    job: EpsilonJob, dataset: Dataset, *, kept: float, folder: RunFolder, done: "_Done", stages: Stages
) -> dict[str, Any]:
    """One part of the table, and the sizes of what it ran on."""
    section = job.scenario.transitions
    begun = start(job.scenario.in_the_clear(), dataset, kept=kept, folder=folder, stages=stages)
    bench = begun.bench
    with stages.stage(f"pairs without noise, {kept:.0%}"):
        heard = contributed(begun, pairs=section.pairs)
        off = without_noise(begun, heard)
    if not done.has("starts", public_kept=kept):
        with stages.stage(f"everyone's plays, {kept:.0%}"):
            done.add("starts", start_row(begun, heard, kept=kept, off=off, everyone=everyone(begun, heard)))
    beside = next(row for row in done.of("starts") if row["public_kept"] == kept)
    for row in planned_rows(section, listeners=heard.listeners):
        key = {"public_kept": kept, "listeners": row.listeners, "noise_multiplier": row.plan.privacy.noise_multiplier}
        if done.has("by_epsilon", **key):
            continue
        with stages.stage(f"{row.listeners:,} listeners, epsilon {row.epsilon:g}") as advance:
            made = list(releases(row, heard, seed=job.scenario.seed, count=section.noise_seeds))
            rankings = measure_row(begun, made, advance=advance)
            done.add("by_epsilon", epsilon_row(row, begun, made, rankings, beside=beside, off=off))
    return {
        "name": dataset.name,
        "tracks": len(bench.catalogue),
        "public_listeners": len(dataset.public),
        "private_listeners": len(dataset.private),
        "targets": len(bench.targets),
        "new_targets": int(bench.yardstick.new.sum()),
        "modalities": {key: int(value.present.sum()) for key, value in bench.catalogue.modalities.items()},
    }


class _Done:
    """Rows on disk, each as soon as it is measured."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[str, list[dict[str, Any]]] = {"starts": [], "by_epsilon": []}
        if path.exists():
            self._rows = json.loads(path.read_bytes())

    def of(self, kind: str) -> list[dict[str, Any]]:
        return self._rows[kind]

    def has(self, kind: str, **key: float) -> bool:
        return any(all(row[name] == value for name, value in key.items()) for row in self._rows[kind])

    def add(self, kind: str, row: dict[str, Any]) -> None:
        # through JSON at once: a resumed job reads what one that was never killed has in memory
        self._rows[kind].append(json.loads(json.dumps(row)))
        write_atomically(self._path, json.dumps(self._rows, indent=1).encode())
