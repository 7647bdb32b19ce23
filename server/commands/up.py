"""up: run the coordinator."""

import logging
import signal
import threading

from server.commands.options import HERE, Folder

EPILOG = "Example: sottovoce-server up --dir federation"


def up(folder: Folder = HERE) -> None:
    """Run everything: enrolment, releases, rounds by Flower, health and metrics. SIGTERM and Ctrl-C stop it cleanly.

    Started again after any kill it goes on from the last finished round.
    """
    from server.operations.up import run_coordinator
    from server.place import open_place
    from server.settings import read_settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    place = open_place(folder)
    settings = read_settings(place.settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logging.getLogger(__name__).info(
        "coordinator.up distribution=%s superlink=%s health=http://127.0.0.1:%d/health",
        settings.distribution_address,
        settings.superlink_address,
        settings.ports.metrics,
    )
    run_coordinator(place, settings, stop=stop)
    logging.getLogger(__name__).info("coordinator.down")
