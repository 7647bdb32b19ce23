"""What a deployed federation costs, measured on this computer."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from simulations.auditing.gates import Watched
from simulations.benchmark.deployed.rounds import cost_of_rounds

FEW, MANY = 50, 500


def cost_of_deployment(watched: Watched) -> dict[str, float]:
    """Seconds of a round (`rounds`); bytes of a device in one; the server's peak in MiB with few and many replies."""
    with tempfile.TemporaryDirectory(prefix="s-") as scratch:
        with watched("deployed: three devices"):
            found = cost_of_rounds(Path(scratch))
        with watched("deployed: replies"):
            few, many = (_replies(number, Path(scratch) / str(number)) for number in (FEW, MANY))
    return found | {
        "bytes_down": many["bytes_down"],
        "bytes_up": many["bytes_up"],
        "peak_mib_few": few["peak_mib"],
        "peak_mib_many": many["peak_mib"],
        "peak_ratio": many["peak_mib"] / few["peak_mib"],
        "grown_mib_few": few["grown_mib"],
        "grown_mib_many": many["grown_mib"],
    }


def _replies(number: int, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "simulations.benchmark.deployed.replies", str(number), str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout  # noqa: S603 - ourselves
    found: dict[str, float] = json.loads(told)
    return found
