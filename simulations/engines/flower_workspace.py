"""Lays out the folder that a Flower run of a federation works in.

    app/           what `flwr run` is given: a pyproject.toml that names the apps
    agreed.json  model.safetensors  examples.safetensors  ledgers/     for the clients (shared_model.training.workspace)
    server.json  rounds/                                               for the server, and its checkpoints
    flower/  ray/  torch/  *.log                                        theirs

The bundle that Flower makes of `app` holds no code: with sottovoce installed, `server.app` and `client.app` are
importable wherever the run's processes are, and a bundle could not hold weights or examples (.safetensors files never
enter one).
"""

import json
from pathlib import Path

import numpy as np

from client.ledger.simulated import write_simulated_ledger
from client.simulated_noise import write_simulated_noise
from server import checkpoint
from server.round import RoundState
from server.simulated_run import SimulatedRun, write_simulated_run
from shared_model.training.workspace import Agreed, Workspace
from simulations.engines.federation import Federation
from simulations.engines.participation import participations

APP = """\
[project]
name = "sottovoce-simulation"
version = "0.0.0"
description = "Rounds of one simulated federation"
license = "Apache-2.0"
dependencies = ["flwr>=1.41,<1.42"]

[tool.flwr.app]
publisher = "sottovoce"

[tool.flwr.app.components]
serverapp = "server.app:app"
clientapp = "client.app:app"

[tool.flwr.app.config]
workspace = {workspace}
"""


def write_workspace(folder: Path, state: RoundState, federation: Federation) -> Workspace:
    """Everything that the rounds after `state` need, below `folder`, which is empty."""
    workspace = Workspace(folder)
    agreed = Agreed(plan=federation.plan, training=federation.training)
    workspace.write(federation.model, federation.examples, agreed)
    write_simulated_run(SimulatedRun(step=federation.step, seed=federation.seed), folder)
    write_simulated_noise(folder, seed=federation.seed)
    checkpoint.save(state, workspace.rounds)
    for device, rounds in enumerate(_rounds_taken_part_in(state.round, federation)):
        write_simulated_ledger(workspace.ledger(device), rounds, plan=federation.plan)
    for name in ("app", "flower", "ray"):
        (folder / name).mkdir()
    # a JSON string is a TOML string
    (folder / "app" / "pyproject.toml").write_text(APP.format(workspace=json.dumps(str(folder))), encoding="utf-8")
    return workspace


def _rounds_taken_part_in(rounds: int, federation: Federation) -> list[list[int]]:
    """What each device's own ledger said after that many rounds, when an earlier run was stopped."""
    found: list[list[int]] = [[] for _ in range(federation.plan.population)]
    before = participations(federation, rounds=0)
    for number in range(1, rounds + 1):
        after = participations(federation, rounds=number)
        for device in np.flatnonzero(after > before):
            found[device].append(number)
        before = after
    return found
