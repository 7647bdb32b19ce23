"""What a deployed federation trains, and where its state lies.

FOLDER/deployment.json   below, written once
FOLDER/rounds/           a checkpoint a round (`server.checkpoint`)
FOLDER/nodes.json        Flower's node of each registration number; the registry writes it
FOLDER/seen.json         how much of the log each device may have seen
FOLDER/halted            while it is there no round begins
FOLDER/lock              held by the one process that runs rounds
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import TypeAdapter, ValidationError

from server.countable import require_countable
from server.round import ServerStep
from shared_model.books.notes import Signer
from shared_model.books.round_log import require_place
from shared_model.durable import write_atomically
from shared_model.errors import BadInput, Refused, SottovoceError
from shared_model.privacy.plan import PrivacyPlan
from shared_model.round_invitation import Learning

LOCK_S = 60.0
"""A ServerApp whose SuperLink was killed ends within seconds."""
POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """run: its name in the log; round_s: after so long a round ends with what arrived; pause_s: from the end of a
    round to the next; release: file of release 0 that all start from; log: its folder; log_key: private, Ed25519 in
    PEM; log_name: what it signs under.

    Raises ValueError for what cannot be, Refused for a plan that deployed devices cannot count.
    """

    run: str
    plan: PrivacyPlan
    step: ServerStep
    learning: Learning
    round_s: float
    pause_s: float
    release: Path
    log: Path
    log_key: Path
    log_name: str

    def __post_init__(self) -> None:
        require_place(self.run, 1)
        if not self.round_s > 0 or not self.pause_s >= 0:
            raise ValueError("round_s must be above 0 and pause_s 0 or more")
        require_countable(self.plan)

    def signer(self) -> Signer:
        """Raises BadInput, without showing any of it, where the key cannot be read."""
        try:
            key = serialization.load_pem_private_key(self.log_key.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise BadInput(f"deployment: the log's key {self.log_key} cannot be read; restore it") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise BadInput(f"deployment: {self.log_key} is no Ed25519 key, which signs the log; restore it")
        return Signer(name=self.log_name, private_key=key)


def write_deployment(deployment: Deployment, folder: Path) -> None:
    """Raises Refused where there is one already: what was announced is never taken back."""
    file = folder / "deployment.json"
    if file.exists():
        raise Refused(f"deployment: {file} is there already; a federation trains by one plan. Begin another folder")
    (folder / "rounds").mkdir(parents=True, exist_ok=True)
    write_atomically(file, TypeAdapter(Deployment).dump_json(deployment, indent=1))


def read_deployment(folder: Path) -> Deployment:
    """Raises BadInput where it is missing or damaged, Refused as `Deployment`."""
    file = folder / "deployment.json"
    try:
        return TypeAdapter(Deployment).validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInput(f"deployment: {file} cannot be read ({error}); restore it from a backup") from error


def is_halted(folder: Path) -> bool:
    """Whether the operator stopped rounds for now."""
    return (folder / "halted").exists()


def halt(folder: Path) -> None:
    """No round begins from now on; one that has begun is finished."""
    write_atomically(folder / "halted", b"")


def resume(folder: Path) -> None:
    """Take it back."""
    (folder / "halted").unlink(missing_ok=True)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """One process at a time runs rounds. Raises SottovoceError where another one does for longer than `LOCK_S`."""
    ends = time.monotonic() + LOCK_S
    with (folder / "lock").open("wb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > ends:
                    raise SottovoceError(
                        f"deployment: another process runs the rounds of {folder}; stop it first"
                    ) from error
                time.sleep(POLL_S)
        yield
