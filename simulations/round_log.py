"""The round log of a simulated run, in its folder, signed by a key that is thrown away after the last round.

The key lies beside the log while rounds are left, so that a run that was stopped goes on under the same one. The run is
named by its settings: the same scenario gives the same leaves, whoever runs it and however often it was stopped.
"""

import hashlib
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.round_log.log import RoundLog
from server.round_log.run import LoggedRun
from shared_model.books.notes import Signer, Verifier
from shared_model.books.round_log import PUBLIC_KEY
from shared_model.errors import BadInput
from simulations.engines.federation import Federation
from simulations.run_folder import RunFolder

PRIVATE_KEY = "private-key"


def open_log(folder: RunFolder, federation: Federation) -> LoggedRun:
    """The log of the federation's rounds. Raises BadInput where what lies there is damaged."""
    name = hashlib.sha256(folder.scenario.read_bytes()).hexdigest()[:32]
    folder.log.mkdir(exist_ok=True)
    signer = _signer(folder.log, origin=f"sottovoce-simulation/{name}")
    verifier = signer.verifier if signer else _verifier(folder.log)
    return LoggedRun(
        log=RoundLog(folder.log, verifier=verifier, signer=signer),
        run=name,
        plan=federation.plan,
        layout=federation.model.layout,
    )


def throw_key_away(folder: RunFolder) -> None:
    """After the last round: nothing can be signed any more."""
    (folder.log / PRIVATE_KEY).unlink(missing_ok=True)


def _signer(folder: Path, *, origin: str) -> Signer | None:
    """None where the log is finished."""
    file = folder / PRIVATE_KEY
    if (folder / PUBLIC_KEY).exists():  # written after the private key, which is whole then
        return Signer.from_skey(file.read_text(encoding="utf-8")) if file.exists() else None
    signer = Signer(name=origin, private_key=Ed25519PrivateKey.generate())
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as opened:
        opened.write(signer.skey)
        opened.flush()
        os.fsync(opened.fileno())
    return signer


def _verifier(folder: Path) -> Verifier:
    try:
        return Verifier.from_vkey((folder / PUBLIC_KEY).read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput(f"round log {folder}: {PUBLIC_KEY} is damaged; start the run anew in another folder") from error
