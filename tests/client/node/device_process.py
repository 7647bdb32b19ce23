"""A device of the tests, as a process: `python device_process.py '{"profile": .., "superlink": .., ...}'`.

Ends on SIGTERM. `pause`, a file with one of the words below in it: there the device waits while the file is there.

    before    the debit: consents and limits are checked
    during    the round: debited, and nothing read yet
    after     training: the update is made, and has not left
    keys      of a secure round are given, and nothing after them

`record`, a folder: what it adds to each secure sum is written there, for the test alone.
"""

import json
import logging
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from client.eligibility.sensors import read_sensors
from client.node import answer as node_answer
from client.node import round as node_round
from client.node import secure_round as node_secure
from client.node.node import run_node
from client.node.round import Participant
from client.node.secure_round import SecureRounds
from client.node.supernode import Enrolled
from client.profile import open_profile
from shared_model.books.notes import Verifier


def main(told: dict[str, str]) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    pause = Path(told["pause"])

    def waits(moment: str, then):
        def waiting(*arguments, **named):
            if pause.exists() and pause.read_text() == moment:
                pause.with_suffix(".reached").touch()
                while pause.exists():
                    time.sleep(0.05)
            return then(*arguments, **named)

        return waiting

    node_round.read_learned = waits("during", node_round.read_learned)
    node_answer.reply_with = waits("after", node_answer.reply_with)
    SecureRounds.go_on = waits("keys", SecureRounds.go_on)
    if "record" in told:
        noised = node_secure._noised

        def recorded(update, intent, parameters):
            vector = noised(update, intent, parameters)
            np.savez(Path(told["record"]) / f"{intent.round}.npz", update=update.numpy(), vector=vector)
            return vector

        node_secure._noised = recorded
    enrolled = Enrolled(
        superlink=told["superlink"],
        authority=Path(told["authority"]),
        node_key=load_ssh_private_key(Path(told["node_key"]).read_bytes(), None),
        home=Path(told["home"]),
    )
    with open_profile(Path(told["profile"])) as profile:
        pinned, sensors = Verifier.from_vkey(told["log_key"]), waits("before", read_sensors)
        run_node(enrolled, Participant(profile=profile, pinned=pinned, sensors=sensors), stop=stop)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
