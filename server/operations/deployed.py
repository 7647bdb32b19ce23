"""The deployment of a coordinator's settings: what is trained, by which plan, from which release."""

from pathlib import Path

from server.deployment.deployment import Deployment, write_deployment
from server.deployment.superlink import SuperLinkPlace
from server.distribution.releases import Releases
from server.keys.signing import log_name, release_verifier
from server.place import Place
from server.round import ServerStep
from server.settings import Settings
from shared_model.release_0.release_file import read_release_0
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

    Rounds train from the model of the newest release, or from the one that is installed on both sides.
    Raises BadInput or Refused for a plan that deployed devices cannot count.
    """
    folder = deployment_folder(place)
    if (folder / "deployment.json").exists():
        return folder
    learning, start = settings.learning, _start(place, settings)
    deployment = Deployment(
        run=f"{settings.federation}-1",
        plan=settings.plan.plan(),
        step=ServerStep(learning_rate=learning.server_learning_rate, momentum=learning.server_momentum),
        learning=Learning(
            release=read_release_0(start).sha256,
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
        release=start,
        log=place.log,
        log_key=place.log_key,
        log_name=log_name(settings),
    )
    folder.mkdir(mode=0o700, exist_ok=True)
    write_deployment(deployment, folder)
    return folder


def _start(place: Place, settings: Settings) -> Path:
    releases = Releases(place.releases)
    newest = releases.newest(release_verifier(place, settings))
    return releases.content_of(newest.model) if newest and newest.model else STARTER
