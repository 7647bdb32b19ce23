"""What keeps a deployed federation going: the SuperLink, the nodes that it lets in, and a run while rounds are left.

Whatever ends is started again; our checkpoints know where the rounds were. What fails beside it, a registry that is
locked or a disk that is full, is tried again, and ends no round that is going on.
"""

import fcntl
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from server import checkpoint
from server.deployment.deployment import is_halted, read_deployment
from server.deployment.let_in import let_in
from server.deployment.runs import OVER, run_status, start_run
from server.deployment.superlink import SuperLinkPlace, answers, start_superlink, stop_superlink
from shared_model.errors import SottovoceError

log = logging.getLogger(__name__)
POLL_S = 1.0
START_S = 30.0
"""Until a run that was begun must hold the lock; before that nobody asks what became of it."""
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 300.0
MOST_SILENT = 3
"""So often in a row a SuperLink that fails us may not answer either; then it hangs."""
_PASSING = (SottovoceError, OSError, sqlite3.Error, DBAPIError)


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
    """Of a SuperLink: returns when it ended, hangs, or was to end."""
    process = start_superlink(place)
    care, silent = _Care(place=place, folder=folder, registered=registered), 0
    try:
        while silent < MOST_SILENT and process.poll() is None and not stop.wait(POLL_S):
            try:
                care.take()
                silent = 0
            except _PASSING as error:
                silent = 0 if answers(place) else silent + 1
                # words of ours say nothing of a device; those of others might
                reason = error if isinstance(error, SottovoceError) else type(error).__name__
                log.warning("federation.waits reason=%s", reason)
    finally:
        stop_superlink(process)


@dataclass(slots=True, kw_only=True)
class _Care:
    """Of one SuperLink's life. run: the last that was started, at `began`; failures: in a row."""

    place: SuperLinkPlace
    folder: Path
    registered: Callable[[], Mapping[int, bytes]]
    run: int | None = None
    began: float = 0.0
    failures: int = 0

    def take(self) -> None:
        """Let in who is registered, and start a run where rounds are left and none runs."""
        let_in(self.place, self.folder, self.registered())
        if is_running(self.folder) or time.monotonic() - self.began < START_S * (1 + self.failures):
            return
        if self.run is not None and not run_status(self.place, self.run).startswith(OVER):
            return
        if rounds_left(self.folder) and not is_halted(self.folder):
            self.failures = 0 if self.run is None else min(self.failures + 1, 10)
            self.run, self.began = start_run(self.place, self.folder), time.monotonic()
            log.info("run.started")


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
