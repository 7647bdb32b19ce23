"""The deployment of a coordinator's settings: what is trained, by which plan, from which release."""

import hashlib
from pathlib import Path

from server.deployment.deployment import Deployment, write_deployment
from server.deployment.superlink import SuperLinkPlace
from server.keys.signing import log_name
from server.place import Place
from server.round import ServerStep
from server.settings import Settings
from shared_model.release_0.starter import STARTER
from shared_model.round_invitation import Learning
from shared_model.training.local_update import LocalTraining

SEED = 0
"""Of the adapter's frozen factors, which every device must share; no secret."""


def deployment_folder(place: Place) -> Path:
    """Rounds, nodes and halting."""
    return place.root / "deployment"


def superlink_place(place: Place, settings: Settings) -> SuperLinkPlace:
    """Where Flower's SuperLink of this coordinator is."""
    return SuperLinkPlace(
        home=place.root / "flower",
        certificate=place.certificate,
        key=place.server_key,
        authority=place.authority,
        port=settings.ports.superlink,
        host=settings.listen,
    )


def begin_deployment(place: Place, settings: Settings) -> Path:
    """The folder of the deployment, written the first time: from then on the plan never changes.

    Raises BadInput or Refused for a plan that deployed devices cannot count.
    """
    folder = deployment_folder(place)
    if (folder / "deployment.json").exists():
        return folder
    learning = settings.learning
    deployment = Deployment(
        run=f"{settings.federation}-1",
        plan=settings.plan.plan(),
        step=ServerStep(learning_rate=learning.server_learning_rate, momentum=learning.server_momentum),
        learning=Learning(
            release=hashlib.sha256(STARTER.read_bytes()).hexdigest(),
            training=LocalTraining(
                learning_rate=learning.learning_rate, batch_size=learning.batch_size, epochs=learning.epochs
            ),
            rank=learning.rank,
            seed=SEED,
            examples=learning.examples,
            candidates=learning.candidates,
        ),
        round_s=settings.rounds.deadline_s,
        pause_s=settings.rounds.pause_s,
        release=STARTER,
        log=place.log,
        log_key=place.log_key,
        log_name=log_name(settings),
    )
    folder.mkdir(mode=0o700, exist_ok=True)
    write_deployment(deployment, folder)
    return folder
