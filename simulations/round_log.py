"""The round log of a simulated run, in its folder.

The run is named by its settings: the same scenario gives the same leaves, whoever runs it and however often it was
stopped.
"""

import hashlib

from server.round_log.log import RoundLog
from server.round_log.run import LoggedRun
from shared_model.auditing.verify import own_verifier
from simulations.engines.federation import Federation
from simulations.run_folder import RunFolder
from simulations.run_key import run_signer


def open_log(folder: RunFolder, federation: Federation) -> LoggedRun:
    """The log of the federation's rounds. Raises BadInput where what lies there is damaged."""
    name = hashlib.sha256(folder.scenario.read_bytes()).hexdigest()[:32]
    folder.log.mkdir(exist_ok=True)
    signer = run_signer(folder, origin=f"sottovoce-simulation/{name}")
    verifier = signer.verifier if signer else own_verifier(folder.log)
    return LoggedRun(
        log=RoundLog(folder.log, verifier=verifier, signer=signer),
        run=name,
        plan=federation.plan,
        layout=federation.model.layout,
    )
