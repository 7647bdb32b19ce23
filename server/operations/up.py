"""Everything that a coordinator runs, in one process and what it starts, until it is told to stop."""

import threading
from contextlib import ExitStack

from server.deployment.superlink import answers
from server.deployment.supervise import keep_running
from server.distribution.server import DistributionServer
from server.operations.deployed import begin_deployment, superlink_place
from server.operations.health import health_app, served
from server.operations.releasing import keep_releasing
from server.operations.status import read_status
from server.place import Place
from server.registry.database import open_registry
from server.registry.registry import Registry
from server.settings import Settings


def run_coordinator(place: Place, settings: Settings, *, stop: threading.Event) -> None:
    """The distribution service, health and metrics, Flower's SuperLink, the rounds and their releases, until `stop`.

    Raises BadInput where a file is damaged or a port is taken, Refused for a plan that devices cannot count.
    """
    folder = begin_deployment(place, settings)
    superlink = superlink_place(place, settings)
    registry = Registry(open_registry(place.registry))
    health = health_app(lambda: read_status(place, settings), lambda: answers(superlink))
    with ExitStack() as running:
        running.enter_context(DistributionServer(place, settings))
        running.enter_context(served(health, port=settings.ports.metrics))
        releasing = threading.Thread(
            target=keep_releasing, args=(place, settings), kwargs={"stop": stop}, name="releasing"
        )
        releasing.start()
        running.callback(releasing.join)
        running.callback(stop.set)  # also where the rounds fail; called before `join`
        keep_running(
            superlink,
            folder,
            lambda: {device.number: device.public_ssh for device in registry.devices()},
            stop=stop,
        )
