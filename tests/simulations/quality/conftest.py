"""A quality job over a tiny invented log of the real shape: two tables, no albums, tracks named by words."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from simulations.quality.result_schema import QualityResult
from simulations.quality.run import QualityJob, run_quality
from simulations.quality.scenario import QualityScenario
from simulations.stages import Stages

LISTENERS, TRACKS = 12, 40


@dataclass(frozen=True)
class Done:
    """A job that ran to its end."""

    job: QualityJob
    folder: Path
    result: QualityResult

    def predictions(self):
        return np.load(self.folder / "predictions.npz")


@pytest.fixture(scope="session")
def plays() -> list[list[int]]:
    """Each listener walks through the tracks in order, now and then going back to a favourite."""
    draw = np.random.default_rng(7)
    everyone = []
    for _ in range(LISTENERS):
        favourites, at, own = draw.permutation(TRACKS)[:6], 0, []
        for _ in range(int(draw.integers(60, 90))):
            at = int(draw.choice(favourites)) if draw.random() < 0.3 else (at + int(draw.integers(1, 3))) % TRACKS
            if not own or own[-1] != at:  # the reader joins repeats
                own.append(at)
        everyone.append(own)
    return everyone


@pytest.fixture(scope="session")
def write_log() -> Callable[[Path, list[list[int]]], Path]:
    """Both tables, the tracks in the order of their numbers."""

    def write(folder: Path, plays: list[list[int]]) -> Path:
        folder.mkdir()
        rows = [f"l{listener}\t{' '.join(f't{track:02}' for track in own)}" for listener, own in enumerate(plays)]
        (folder / "sequences.tsv").write_text("\n".join(["listener\ttracks", *rows]) + "\n")
        rows = [f"t{track:02}\t{track % 7}\t-1" for track in range(TRACKS)]
        (folder / "tracks.tsv").write_text("\n".join(["track\tartist\talbum", *rows]) + "\n")
        return folder

    return write


@pytest.fixture(scope="session")
def new_scenario() -> Callable[..., QualityScenario]:
    def new(public_share: float, **changes: object) -> QualityScenario:
        content = {
            "kind": "quality",
            "title": "invented",
            "seeds": (3, 4),
            "dataset": {"name": "listening", "public_share": public_share},
            "pretraining": {"epochs": 1, "batch_size": 64, "candidates": 44, "max_examples": 20},
            "evaluation": {"resamples": 20, "cold_tracks": 0.2},
        }
        return QualityScenario.model_validate(content | changes)

    return new


@pytest.fixture(scope="session")
def run_job() -> Callable[..., Done]:
    def run(scenario: QualityScenario, data: Path, folder: Path, *, resume: bool = False) -> Done:
        job = QualityJob(scenario=scenario, name="tiny", data=data)
        return Done(job, folder, run_quality(job, folder, resume=resume, stages=Stages(Console(quiet=True))))

    return run


@pytest.fixture(scope="session")
def log(plays, write_log, tmp_path_factory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "tiny", plays)


@pytest.fixture(scope="session")
def central(log, new_scenario, run_job, tmp_path_factory) -> Done:
    """Everyone trains, everyone is scored."""
    return run_job(new_scenario(1.0), log, tmp_path_factory.mktemp("runs") / "central")


@pytest.fixture(scope="session")
def half(log, new_scenario, run_job, tmp_path_factory) -> Done:
    """Half of the listeners train, the others are scored."""
    return run_job(new_scenario(0.5), log, tmp_path_factory.mktemp("runs") / "half")
