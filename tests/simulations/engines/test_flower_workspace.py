import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from flwr.cli.build import build_fab_from_disk
from flwr.cli.config_utils import load_and_validate

from client.ledger.simulated import open_simulated_ledger
from server import checkpoint
from server.round import RoundState
from server.simulated_run import read_simulated_run
from shared_model.books import ledger_law
from shared_model.errors import BadInput
from shared_model.training.workspace import Workspace
from simulations.engines.federation import Federation
from simulations.engines.flower_workspace import write_workspace
from simulations.engines.in_process import run_in_process
from simulations.engines.participation import participations


def test_what_is_read_is_what_was_written(tiny_federation: Federation, tmp_path: Path) -> None:
    start = RoundState.start(tiny_federation.model.vector())
    write_workspace(tmp_path, start, tiny_federation)
    read = Workspace(tmp_path)
    assert read.agreed.plan == tiny_federation.plan
    assert read.agreed.training == tiny_federation.training
    run = read_simulated_run(tmp_path)
    assert (run.step, run.randomness("noise", 2)) == (tiny_federation.step, tiny_federation.randomness("noise", 2))
    state = checkpoint.latest(read.rounds)
    assert state is not None
    assert torch.equal(state.vector, start.vector)
    assert torch.equal(read.model.vector(), start.vector)


def test_a_device_reads_its_own_examples(tiny_federation: Federation, tmp_path: Path) -> None:
    write_workspace(tmp_path, RoundState.start(tiny_federation.model.vector()), tiny_federation)
    expected = tiny_federation.examples
    for device in (0, 7, tiny_federation.plan.population - 1):
        found = Workspace(tmp_path).examples_of(device)
        torch.testing.assert_close(found.weight, expected.weight[device : device + 1])
        for ours, theirs in zip(found.batch, expected.batch, strict=True):
            torch.testing.assert_close(ours, theirs[device : device + 1], equal_nan=True)


def test_ledgers_of_a_run_that_is_taken_up_again_hold_what_was_debited(
    tiny_federation: Federation, tmp_path: Path
) -> None:
    *_, state = run_in_process(RoundState.start(tiny_federation.model.vector()), tiny_federation)
    longer = replace(tiny_federation, plan=replace(tiny_federation.plan, rounds=4))
    workspace = write_workspace(tmp_path, state, longer)
    by_round = [participations(longer, rounds=number) for number in range(state.round + 1)]
    for device, expected in enumerate(by_round[-1]):
        with open_simulated_ledger(workspace.ledger(device)) as ledger:
            found = ledger_law.participations(ledger.entries)
        assert len(found) == expected
        last = max((each.round for each in found), default=0)
        assert last == next((n for n, counts in enumerate(by_round) if counts[device] == expected), 0)


def test_a_seed_of_any_size_and_a_plan_of_any_numbers_survive(tiny_federation: Federation, tmp_path: Path) -> None:
    plan = replace(tiny_federation.plan, delta=0.1 / 3, noise_multiplier=1 / 3, device_cap=1e9)
    federation = replace(tiny_federation, seed=2**255 + 1, plan=plan)
    write_workspace(tmp_path, RoundState.start(federation.model.vector()), federation)
    assert read_simulated_run(tmp_path).seed == 2**255 + 1
    assert Workspace(tmp_path).agreed.plan == plan


@pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")  # Flower's own
def test_flower_accepts_the_app_folder_and_bundles_no_data(tiny_federation: Federation, tmp_path: Path) -> None:
    write_workspace(tmp_path, RoundState.start(tiny_federation.model.vector()), tiny_federation)
    app = tmp_path / "app"
    config, warnings = load_and_validate(app / "pyproject.toml")
    assert not warnings
    assert config["tool"]["flwr"]["app"]["config"] == {"workspace": str(tmp_path)}
    assert tomllib.loads((app / "pyproject.toml").read_text()) == config
    assert len(build_fab_from_disk(app)) < 2_000


def test_a_folder_that_is_no_workspace_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="start the run again"):
        _ = Workspace(tmp_path).agreed
    with pytest.raises(BadInput, match="start the run again"):
        read_simulated_run(tmp_path)
    with pytest.raises(BadInput, match="start the run again"):
        Workspace(tmp_path).examples_of(0)
