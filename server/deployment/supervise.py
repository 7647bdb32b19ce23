"""What keeps a deployed federation going: the SuperLink, the nodes that it lets in, and a run while rounds are left.

Whatever ends is started again; our checkpoints know where the rounds were.
"""

import fcntl
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from server import checkpoint
from server.deployment.deployment import is_halted, read_deployment
from server.deployment.let_in import let_in
from server.deployment.runs import OVER, run_status, start_run
from server.deployment.superlink import SuperLinkPlace, start_superlink, stop_superlink
from shared_model.errors import SottovoceError

log = logging.getLogger(__name__)
POLL_S = 1.0
START_S = 30.0
"""Until a run that was begun must hold the lock; before that nobody asks what became of it."""
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 300.0


def keep_running(
    place: SuperLinkPlace, folder: Path, registered: Callable[[], Mapping[int, bytes]], *, stop: threading.Event
) -> None:
    """Until `stop`, which ends the SuperLink and with it the round that is going on.

    folder: of the deployment; registered: each device's public key (OpenSSH) by its registration number, as of now:
    who is left out is refused from the next moment on. Raises BadInput or Refused where the deployment cannot be read.
    """
    read_deployment(folder)
    wait_s = FIRST_WAIT_S
    while not stop.is_set():
        began = time.monotonic()
        try:
            _one_life(place, folder, registered, stop)
        except SottovoceError as error:
            log.warning("superlink.failed reason=%s", error)
        wait_s = FIRST_WAIT_S if time.monotonic() - began > LONGEST_WAIT_S else min(2 * wait_s, LONGEST_WAIT_S)
        stop.wait(wait_s)


def _one_life(
    place: SuperLinkPlace, folder: Path, registered: Callable[[], Mapping[int, bytes]], stop: threading.Event
) -> None:
    """Of a SuperLink: returns when it ended, or was to."""
    process = start_superlink(place)
    run, began, failures = None, 0.0, 0
    try:
        while process.poll() is None and not stop.wait(POLL_S):
            let_in(place, folder, registered())
            if is_running(folder) or time.monotonic() - began < START_S * (1 + failures):
                continue
            if run is not None and not run_status(place, run).startswith(OVER):
                continue
            if rounds_left(folder) and not is_halted(folder):
                failures = 0 if run is None else min(failures + 1, 10)
                run, began = start_run(place, folder), time.monotonic()
                log.info("run.started")
    finally:
        stop_superlink(process)


def rounds_left(folder: Path) -> int:
    """By the last checkpoint."""
    state = checkpoint.latest(folder / "rounds")
    return read_deployment(folder).plan.rounds - (state.round if state else 0)


def is_running(folder: Path) -> bool:
    """Whether a process runs rounds."""
    with (folder / "lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False
