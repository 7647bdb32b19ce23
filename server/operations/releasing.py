"""From rounds to devices: what the rounds have learned, as the next release.

A release is a function of a checkpoint whose outcome is in the log, so that it is made anew, byte by byte, where a kill
came before it was entered. It adds nothing to what was spent: whoever reads it reads what rounds released already.
"""

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from server import checkpoint
from server.deployment.deployment import Deployment, read_deployment
from server.distribution.publish import Given, enter, kept_as_start
from server.distribution.releases import Releases
from server.keys.signing import release_signer, release_verifier
from server.operations.deployed import deployment_folder
from server.place import Place
from server.round import RoundState
from server.round_log.run import logged_epsilon
from server.settings import Settings
from shared_model.books.round_log import LEAVES, Outcome, decode_leaf
from shared_model.errors import SottovoceError
from shared_model.release_0.release_file import read_release_0, write_release_0
from shared_model.training.release_model import head_of_rounds
from shared_model.wire.release_manifest import LearnedInRounds, Part, ReleaseFile, ReleaseManifest

log = logging.getLogger(__name__)
POLL_S = 2.0
LONGEST_WAIT_S = 300.0


def keep_releasing(place: Place, settings: Settings, *, stop: threading.Event) -> None:
    """Make each release when it is due, until `stop`. What fails is tried again, and ends nothing."""
    wait_s = POLL_S
    while not stop.wait(wait_s):
        try:
            made = release_rounds(place, settings, every=settings.releases.every_rounds, now_s=int(time.time()))
            wait_s = POLL_S
            if made is not None and made.learned is not None:
                log.info("release.made number=%d round=%d", made.number, made.learned.round)
        except (SottovoceError, OSError, ValueError) as error:
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            # the words are ours; those of others might hold a path
            log.warning("release.waits reason=%s", error if isinstance(error, SottovoceError) else type(error).__name__)


def release_rounds(place: Place, settings: Settings, *, every: int, now_s: int) -> ReleaseManifest | None:
    """The release of the last finished round, where one is due: `every` rounds, and after the last. None: it is not.

    None, too, where the operator published another model since the run began: rounds never take that one back. Raises
    BadInput where a file is damaged or the release key is elsewhere.
    """
    folder = deployment_folder(place)
    if not (folder / "deployment.json").exists():
        return None
    deployment, state = read_deployment(folder), checkpoint.latest(folder / "rounds")
    releases = Releases(place.releases)
    newest = releases.newest(release_verifier(place, settings))
    if state is None or not _is_due(state, newest, deployment, every=every) or not _is_concluded(state, deployment):
        return None
    kept = () if newest is None else tuple(file for file in newest.files if file.part not in (Part.MODEL, Part.START))
    start = start_of(place)
    if start is not None and state.round < deployment.plan.rounds:
        kept = (*kept, start)
    plan = deployment.plan
    learned = LearnedInRounds(
        run=deployment.run,
        round=state.round,
        start_sha256=deployment.learning.release,
        delta=plan.delta,
        spent=logged_epsilon(plan, rounds=state.round),
    )
    signer = release_signer(place, settings)
    name = f"{deployment.run}-{state.round:05d}.safetensors"
    scratch = folder / "release.safetensors"  # one name, so that kills leave one file at most
    try:
        write_model(deployment, state, scratch)
        given = [Given(path=scratch, name=name, part=Part.MODEL)]
        return enter(given, kept=kept, place=place, signer=signer, now_s=now_s, learned=learned)
    finally:
        scratch.unlink(missing_ok=True)


def write_model(deployment: Deployment, state: RoundState, file: Path) -> None:
    """The release 0 that the run began with, with what its rounds have learned merged into the head. Same state, same
    bytes."""
    learning, begun = deployment.learning, read_release_0(deployment.release)
    head = head_of_rounds(begun.head, state.vector, rank=learning.rank, seed=learning.seed)
    half = all(modality.vectors.dtype == np.float16 for modality in begun.modalities.values())
    name = f"{begun.name}, {deployment.run} round {state.round}"
    write_release_0(replace(begun, name=name, head=head, file=None), file, half=half)


def start_of(place: Place) -> ReleaseFile | None:
    """What rounds that go on train from, for a device that joins now; None where it is installed, or none go on."""
    folder = deployment_folder(place)
    if not (folder / "deployment.json").exists():
        return None
    deployment, state = read_deployment(folder), checkpoint.latest(folder / "rounds")
    published = Releases(place.releases).path_of(bytes.fromhex(deployment.learning.release))
    if not published.is_file() or (state is not None and state.round >= deployment.plan.rounds):
        return None
    size = published.stat().st_size
    return kept_as_start(
        ReleaseFile(name="model", sha256=deployment.learning.release, size_bytes=size, part=Part.MODEL)
    )


def _is_due(state: RoundState, newest: ReleaseManifest | None, deployment: Deployment, *, every: int) -> bool:
    if all(record.update_norm is None for record in state.records):
        return False  # every round was aborted: it is the model that they began with
    before = 0
    if newest is not None and newest.learned is not None and newest.learned.run == deployment.run:
        before = newest.learned.round
    elif newest is not None and newest.model is not None and newest.model.sha256 != deployment.learning.release:
        return False
    over = state.round >= deployment.plan.rounds
    return state.round > before and (over or state.round // every > before // every)


def _is_concluded(state: RoundState, deployment: Deployment) -> bool:
    """Whether the log says so: the checkpoint is written just before."""
    for line in reversed((deployment.log / LEAVES).read_bytes().splitlines()):
        leaf = decode_leaf(line, what="round log")
        if leaf.run == deployment.run:
            return leaf.round > state.round or (isinstance(leaf, Outcome) and leaf.round == state.round)
    return False
