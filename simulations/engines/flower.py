"""Rounds behind a Flower ServerApp and ClientApp, run by `flwr run` on its local simulation with Ray.

The same functions as in one process, with messages and processes between them (docs/flower-engine.md).
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server import checkpoint
from server.round import RoundState
from shared_model.errors import BadInput, SottovoceError
from simulations.engines.example_level import IN_PROCESS_ONLY
from simulations.engines.federation import Federation
from simulations.engines.flower_session import LOG, SUPERLINK_LOG
from simulations.engines.flower_workspace import write_workspace
from simulations.engines.participation import participations

POLL_S = 0.1
PATIENCE_S = 1500.0
"""For one round: its own deadline (server.app) and that of the roll call before the first, and then some."""
STOP_S = 30.0
TAIL_LINES = 30


def run_by_flower(state: RoundState, federation: Federation) -> Iterator[RoundState]:
    """The states after each round that the plan still has to run.

    Raises SottovoceError where Flower ends or stalls before the last round, or loses a device's answer, and BadInput
    for what its clients do not know (`require_its_clients_can`).
    """
    require_its_clients_can(
        example_level=federation.example_level is not None,
        full_protocol=federation.full_protocol,
        quality=federation.plan.evaluation_share > 0,
    )
    plan = federation.plan
    if state.round >= plan.rounds:
        return
    with tempfile.TemporaryDirectory(prefix="sottovoce-", ignore_cleanup_errors=True) as name:
        workspace = write_workspace(Path(name), state, federation)
        with _session(workspace.folder, devices=plan.population) as session:
            while state.round < plan.rounds:
                state = _next(state, workspace.rounds, session, workspace.folder)
                _require_every_answer(state, federation, workspace.folder)
                yield state


def require_its_clients_can(*, example_level: bool, full_protocol: bool, quality: bool) -> None:
    """Raises BadInput for rounds that need devices to train by examples, to mask, or to report quality."""
    if example_level:
        raise BadInput(f"--engine flower: {IN_PROCESS_ONLY}")
    if full_protocol:
        raise BadInput(
            "--engine flower: privacy.protocol full is simulated in process, and deployed by sottovoce-server; leave "
            "--engine out, or take privacy.protocol arithmetic, which comes to the same sums"
        )
    if quality:
        raise BadInput(
            "--engine flower: privacy.evaluation_share is simulated in process, and deployed by sottovoce-server; "
            "leave --engine out, or take privacy.evaluation_share 0"
        )


def _next(state: RoundState, rounds: Path, session: "subprocess.Popen[bytes]", folder: Path) -> RoundState:
    file = checkpoint.path(rounds, state.round + 1)
    ends = time.monotonic() + PATIENCE_S
    while True:
        over = session.poll() is not None or time.monotonic() > ends
        if file.exists():  # looked for after that, so that a last state is seen
            return checkpoint.load(file)
        if over:
            raise SottovoceError(
                f"flower: the run ended after {state.round} rounds, before all were done; go on with --resume, "
                f"or use --engine in-process. The end of its log:\n{_tail(folder)}"
            )
        time.sleep(POLL_S)


def _require_every_answer(state: RoundState, federation: Federation, folder: Path) -> None:
    """A simulated device that fails looks like one that declines, yet who declines is known here."""
    number = state.round
    expected = int((participations(federation, rounds=number) - participations(federation, rounds=number - 1)).sum())
    if state.records[-1].answered != expected:
        raise SottovoceError(
            f"flower: {state.records[-1].answered} devices answered in round {number} and {expected} should have; "
            f"go on with --resume, or use --engine in-process. The end of the log:\n{_tail(folder)}"
        )


@contextmanager
def _session(folder: Path, *, devices: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "simulations.engines.flower_session", str(folder), str(devices)]
    # in a session of its own, so that Ctrl-C reaches only us, and it ends as we leave, in whatever way
    session = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own words
    assert session.stdin is not None
    try:
        yield session
    finally:
        session.stdin.close()
        try:
            session.wait(STOP_S)
        except subprocess.TimeoutExpired:
            session.kill()


def _tail(folder: Path) -> str:
    """The last lines of what the run logged, or, where it never started, its SuperLink."""
    for log in (folder / LOG, folder / SUPERLINK_LOG):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        if lines:
            return "\n".join(lines[-TAIL_LINES:])
    return "(it is empty)"
