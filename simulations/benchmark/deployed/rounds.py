"""Seconds a round with three devices over TLS, and of the same work in one process."""

import os
import statistics
import time
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from client.node.learning import read_learned
from client.profile import Profile, open_profile
from server import checkpoint
from server.deployment.deployment import read_deployment
from server.round import run_round
from shared_model.privacy.clipping import clip_rows
from shared_model.privacy.randomness import OperatingSystemRandomness
from shared_model.release_0.release_file import read_release_0
from shared_model.training.local_update import local_updates
from simulations.benchmark.deployed.host import free_port, host
from simulations.benchmark.deployed.listening import write_listening

DEVICES, ROUNDS, PLAYS = 3, 12, 2_000
FIRST = 3
"""Rounds until all devices are there and have loaded what they keep."""
LONGEST_S = 300.0
_PLAN = {
    "population": DEVICES,
    "cohort": DEVICES,
    "minimum_cohort": DEVICES,
    "rounds": ROUNDS,
    "max_participations": ROUNDS,
    "noise_multiplier": 10,
    "delta": 1e-3,
}
_WORKS = ("eligibility.assume=yes", "eligibility.suspend_cpu_usage=0", "eligibility.run_if_user_active=true")


def cost_of_rounds(root: Path) -> dict[str, float]:
    """Medians, in seconds: `round_s` from one checkpoint to the next; `in_process_s` of the same three devices' work
    one after the other, and its sum; `training_s` of one device in it; and `beyond_training_s`, of a round.
    """
    folder = root / "coordinator"
    with host(root) as here:
        ports = [f"ports.{name}={free_port()}" for name in ("distribution", "superlink", "metrics")]
        plan = [f"plan.{name}={value}" for name, value in _PLAN.items()]
        here.type("server", "init", folder, *_sets([*plan, *ports, "rounds.pause_s=0", "rounds.deadline_s=60"]))
        here.start("server", "up", "--dir", folder, log="coordinator.log")
        for number in range(DEVICES):
            device, invitation = _profile(root, number), root / f"invitation{number}"
            write_listening(root / "listening.json", plays=PLAYS, seed=number)
            here.type("server", "invite", f"device {number}", "--dir", folder, "--out", invitation)
            here.type("client", "init", "--dir", device)
            for purpose in ("listening", "rounds"):
                here.type("client", "consent", "grant", purpose, "--dir", device)
            here.type("client", "import", "spotify", root / "listening.json", "--dir", device)
            here.start("client", "join", invitation, "--dir", device, *_sets(_WORKS), log=f"device{number}.log")
        rounds = folder / "deployment" / "rounds"
        here.wait_for(checkpoint.path(rounds, ROUNDS).exists, within_s=LONGEST_S)
        os.environ.update(here.environment)
    ended_s = [checkpoint.path(rounds, number).stat().st_mtime for number in range(FIRST, ROUNDS + 1)]
    round_s = statistics.median(after - before for before, after in pairwise(ended_s))
    in_process_s, training_s = _in_process(root)
    return {
        "round_s": round_s,
        "in_process_s": in_process_s,
        "training_s": training_s,
        "beyond_training_s": round_s - training_s,
    }


def _in_process(root: Path) -> tuple[float, float]:
    """The devices' profiles, opened here; a round as the deployment plans it, without messages and books."""
    folder = root / "coordinator" / "deployment"
    deployment, state = read_deployment(folder), checkpoint.latest(folder / "rounds")
    assert state is not None
    release = read_release_0(deployment.release)
    training_s: list[float] = []

    def update(profile: Profile, vector: Tensor) -> Tensor:
        begun = time.monotonic()
        learned = read_learned(
            profile, release, deployment.learning, consent=profile.consents.listening(), holding_out=False
        )
        updates = local_updates(learned.model, vector, learned.examples, deployment.learning.training)
        clipped = clip_rows(updates, clip_norm=deployment.plan.clip_norm)
        training_s.append(time.monotonic() - begun)
        return clipped

    with ExitStack() as opened:
        profiles = [opened.enter_context(open_profile(_profile(root, number))) for number in range(DEVICES)]

        def collect(_number: int, vector: Tensor, _cohort: NDArray[np.int64]) -> Iterable[Tensor]:
            return (update(profile, vector) for profile in profiles)

        whole_s = []
        for _ in range(ROUNDS - FIRST):
            begun = time.monotonic()
            run_round(
                state,
                plan=deployment.plan,
                step=deployment.step,
                randomness=lambda _purpose, _round: OperatingSystemRandomness(),
                collect=collect,
            )
            whole_s.append(time.monotonic() - begun)
    return statistics.median(whole_s), statistics.median(training_s)


def _profile(root: Path, number: int) -> Path:
    return root / f"device{number}"


def _sets(changes: Iterable[str]) -> list[str]:
    return [word for change in changes for word in ("--set", change)]
