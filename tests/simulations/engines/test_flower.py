"""Against the engine in one process, by real processes: SuperLink, `flwr run`, Ray."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from server.round import RoundState
from shared_model.errors import SottovoceError
from shared_model.privacy.plan import Mechanism, PrivacyPlan
from shared_model.privacy.spent import Trust
from simulations.engines import flower as engine_flower
from simulations.engines import in_process
from simulations.engines.federation import Federation
from simulations.engines.flower import run_by_flower
from simulations.engines.flower_session import LOG
from simulations.engines.flower_workspace import write_workspace
from simulations.engines.in_process import run_in_process

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where workspaces are made; its path is short, as the paths of Ray's sockets have to be."""
    with tempfile.TemporaryDirectory(prefix="s-") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))  # else this process puts one there
        yield Path(name)


def processes_of(folder: Path) -> list[str]:
    """What was started for a workspace in `folder`: all of it has FLWR_HOME there."""
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes():
                left.append((process / "cmdline").read_text())
        except OSError:  # it ended meanwhile
            continue
    return left


NOISE: dict[str, Callable[[PrivacyPlan], PrivacyPlan]] = {
    "without noise": lambda plan: plan.without_privacy(),
    "with the same reproducible noise": lambda plan: plan,
    "with the same shares of noise of each device": lambda plan: replace(
        plan, trust=Trust.DISTRIBUTED, mechanism=Mechanism.SKELLAM, minimum_cohort=3, honest=3
    ),
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
def test_both_engines_give_the_same_head_and_nothing_is_left(
    tiny_federation: Federation,
    temporary_folder: Path,
    noise: Callable[[PrivacyPlan], PrivacyPlan],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = noise(tiny_federation.plan)
    federation = replace(tiny_federation, plan=plan)
    distributed = plan.trust is Trust.DISTRIBUTED
    if distributed:  # as Flower's devices do, one after the other: then both come to the very same integers
        monkeypatch.setattr(in_process, "MOST_SIDE_BY_SIDE", 1)
    start = RoundState.start(federation.model.vector())
    expected = list(run_in_process(start, federation))
    found = list(run_by_flower(start, federation))
    assert len(found) == plan.rounds
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.vector, theirs.vector, atol=0 if distributed else 1e-5, rtol=0)
        assert [(r.invited, r.answered) for r in ours.records] == [(r.invited, r.answered) for r in theirs.records]
    assert not torch.equal(found[-1].vector, found[0].vector)
    assert processes_of(temporary_folder) == []
    assert list(temporary_folder.glob("sottovoce-*")) == []


def test_a_run_that_fails_ends_with_a_sentence_and_nothing_is_left(
    tiny_federation: Federation, temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_server_settings(*arguments: object) -> object:
        workspace = write_workspace(*arguments)  # type: ignore[arg-type]
        (workspace.folder / "server.json").unlink()
        return workspace

    monkeypatch.setattr(engine_flower, "write_workspace", without_server_settings)
    with pytest.raises(SottovoceError, match=r"ended after 0 rounds(.|\n)*server.json cannot be read"):
        list(run_by_flower(RoundState.start(tiny_federation.model.vector()), tiny_federation))
    assert processes_of(temporary_folder) == []
    assert list(temporary_folder.glob("sottovoce-*")) == []


def test_a_device_that_fails_is_told_from_one_that_declines(
    tiny_federation: Federation, temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_examples(*arguments: object) -> object:
        workspace = write_workspace(*arguments)  # type: ignore[arg-type]
        (workspace.folder / "examples.safetensors").unlink()
        return workspace

    monkeypatch.setattr(engine_flower, "write_workspace", without_examples)
    with pytest.raises(SottovoceError, match=r"0 devices answered in round 1 and [1-9]"):
        list(run_by_flower(RoundState.start(tiny_federation.model.vector()), tiny_federation))
    assert processes_of(temporary_folder) == []


def test_when_the_one_who_started_it_is_gone_everything_goes(
    tiny_federation: Federation, temporary_folder: Path
) -> None:
    folder = temporary_folder / "workspace"
    folder.mkdir()
    write_workspace(folder, RoundState.start(tiny_federation.model.vector()), tiny_federation)
    command = [sys.executable, "-m", "simulations.engines.flower_session", str(folder), "12"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as session:
        while not any("raylet" in process for process in processes_of(folder)):
            assert session.poll() is None, (folder / LOG).read_text()
            time.sleep(0.2)
        assert session.stdin is not None
        session.stdin.close()  # as the kernel does for a process that was killed
        session.wait(60)
    assert processes_of(folder) == []
    assert not folder.exists()


def test_nothing_is_started_where_no_round_is_left(tiny_federation: Federation, temporary_folder: Path) -> None:
    done = replace(RoundState.start(tiny_federation.model.vector()), round=tiny_federation.plan.rounds)
    assert list(run_by_flower(done, tiny_federation)) == []
    assert list(temporary_folder.glob("sottovoce-*")) == []
