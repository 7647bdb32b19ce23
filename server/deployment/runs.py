"""Flower's runs of a deployment: what starts rounds, and what has become of them.

Flower forgets a run with its SuperLink; the rounds are in our checkpoints, so that a lost run is simply started again.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from server.deployment.superlink import CONNECTION, SuperLinkPlace, environment, program
from shared_model.bundle import write_bundle_source
from shared_model.errors import SottovoceError

TIMEOUT_S = 120.0
OVER = "finished"
"""A run's status begins with it when nothing more comes of it; what it came to is behind a colon."""


def start_run(place: SuperLinkPlace, deployment: Path) -> int:
    """Begin or go on with the rounds of the folder `deployment`, with the code that is installed; Flower's number.

    Raises SottovoceError where Flower does not take it.
    """
    source = place.home / "bundle" / "sottovoce"
    shutil.rmtree(source, ignore_errors=True)
    write_bundle_source(source)
    config = f"deployment={json.dumps(str(deployment.resolve()))}"
    found = _flwr(place, "run", str(source), CONNECTION, "--run-config", config)
    return int(found["run-id"])


def run_status(place: SuperLinkPlace, run: int) -> str:
    """Such as "running" or "finished:completed". Raises SottovoceError where Flower does not say."""
    found = _flwr(place, "list", CONNECTION, "--run-id", str(run))
    return str(found["runs"][0]["status"])


def register_node(place: SuperLinkPlace, public_key: Path) -> int:
    """Flower's number of the node with that key (OpenSSH, P-384). Raises SottovoceError where it has one already."""
    return int(_flwr(place, "supernode", "register", str(public_key), CONNECTION)["node-id"])


def unregister_node(place: SuperLinkPlace, node: int) -> None:
    """Its messages are refused from now on."""
    _flwr(place, "supernode", "unregister", str(node), CONNECTION)


def _flwr(place: SuperLinkPlace, *arguments: str) -> dict[str, Any]:
    """What the command prints; its exit code is 0 for failures, too."""
    command = [program("flwr"), *arguments, "--format", "json"]
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command, env=environment(place), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise SottovoceError(f"server: `flwr {arguments[0]}` gave no answer; is the SuperLink running?") from error
    if not found.get("success", True):
        raise SottovoceError(f"server: `flwr {arguments[0]}` failed: {found.get('error-message', 'no reason given')}")
    return found
