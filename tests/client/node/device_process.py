"""A device of the tests, as a process: `python device_process.py '{"profile": .., "superlink": .., ...}'`.

Ends on SIGTERM. `pause`, a file: where it exists when training begins, the device waits there to be killed.
"""

import json
import logging
import signal
import sys
import threading
import time
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from client.node import round as node_round
from client.node.node import run_node
from client.node.round import Participant
from client.node.supernode import Enrolled
from client.profile import open_profile
from shared_model.books.notes import Verifier


def main(told: dict[str, str]) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    reads, pause = node_round.read_learned, Path(told["pause"])

    def read_slowly(*arguments, **named):
        if pause.exists():
            pause.with_suffix(".reached").touch()
            time.sleep(600)
        return reads(*arguments, **named)

    node_round.read_learned = read_slowly
    enrolled = Enrolled(
        superlink=told["superlink"],
        authority=Path(told["authority"]),
        node_key=load_ssh_private_key(Path(told["node_key"]).read_bytes(), None),
        home=Path(told["home"]),
    )
    with open_profile(Path(told["profile"])) as profile:
        run_node(enrolled, Participant(profile=profile, pinned=Verifier.from_vkey(told["log_key"])), stop=stop)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
