"""A round of a coordinator with so many simulated replies, in a process of its own, whose memory is the server's.

python -m simulations.benchmark.deployed.replies NUMBER FOLDER prints JSON. Replies are made when they are pulled, and
taken apart into the bytes that Flower sends. What is pushed is counted and not kept: the SuperLink has it.
"""

import datetime
import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from flwr.app import Array, ArrayRecord, Message, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects
from flwr.supercore.task_identity import TaskIdentity

from client.process import settle
from server.beginning import begin_coordinator
from server.deployment.books import open_books
from server.deployment.collect import Collect
from server.deployment.deployment import read_deployment
from server.deployment.seen import read_seen
from server.operations.deployed import begin_deployment
from server.round import run_round
from server.settings import settings_from
from shared_model.privacy.randomness import OperatingSystemRandomness
from shared_model.reply import UPDATE
from simulations.benchmark.resident import resident_mib

ROUND = 1


def main() -> None:
    """The round; peak and what it grew by over the process before the round, in MiB, and bytes of a device."""
    settle()
    number, folder = int(sys.argv[1]), Path(sys.argv[2])
    print(json.dumps(cost_of_replies(number, folder)))


def cost_of_replies(number: int, folder: Path) -> dict[str, float]:
    """As above. number: of replies; folder: to make a coordinator in."""
    changes = {"population": number, "cohort": number, "minimum_cohort": 1, "rounds": 1, "max_participations": 1}
    plan = [f"plan.{name}={value}" for name, value in (changes | {"delta": 1e-4, "noise_multiplier": 4}).items()]
    settings = settings_from(plan, hosts=())
    place = begin_coordinator(folder, settings, now=datetime.datetime.now(datetime.UTC))
    deployed = begin_deployment(place, settings)
    books = open_books(deployed, read_deployment(deployed))
    state = books.recovered()
    books.announce(state)
    TaskIdentity.task_id = TaskIdentity.run_id = TaskIdentity.node_id = ROUND  # Flower sets it in an app's process
    grid = CountingGrid(numbers=len(state.vector))
    nodes = {device: 1_000 + device for device in range(1, number + 1)}
    before_mib, began = resident_mib(), time.process_time()
    after = run_round(
        state,
        plan=books.deployment.plan,
        step=books.deployment.step,
        randomness=lambda _purpose, _round: OperatingSystemRandomness(),
        collect=Collect(grid=grid, books=books, nodes=nodes, seen=read_seen(books.folder)),
    )
    assert after.records[-1].answered == number
    return {
        "peak_mib": resident_mib("VmHWM"),
        "grown_mib": resident_mib("VmHWM") - before_mib,
        "cpu_s": time.process_time() - began,
        "bytes_down": grid.down / number,
        "bytes_up": grid.up / number,
    }


@dataclass(slots=True, kw_only=True)
class CountingGrid(Grid):
    """Answers each message with an update of so many numbers. down, up: bytes of all objects of all messages."""

    numbers: int
    down: int = 0
    up: int = 0
    asked: dict[str, Message] = field(default_factory=dict)

    def push_messages(self, messages: Iterable[Message]) -> list[str]:
        """An id each; of a message only what its reply is addressed by is kept."""
        ids = []
        for message in messages:
            self.down += size_bytes(message)
            name = f"message {len(self.asked)}"
            message.metadata.__dict__["_message_id"] = name
            message.content = RecordDict()
            self.asked[name] = message
            ids.append(name)
        return ids

    def pull_messages(self, message_ids: Iterable[str]) -> Iterator[Message]:
        """The reply of each."""
        for name in message_ids:
            update = np.random.default_rng().normal(scale=1e-4, size=self.numbers).astype(np.float32)
            content = RecordDict({UPDATE: ArrayRecord({UPDATE: Array(update)})})
            reply = Message(content, reply_to=self.asked[name])
            self.up += size_bytes(reply)
            yield reply

    def get_node_ids(self) -> NoReturn:
        """Not asked for."""
        raise NotImplementedError

    def set_run(self, run: object) -> NoReturn:
        """Not asked for."""
        raise NotImplementedError

    @property
    def run(self) -> NoReturn:
        """Not asked for."""
        raise NotImplementedError

    def create_message(self, *_: Any, **__: Any) -> NoReturn:
        """Not asked for."""
        raise NotImplementedError

    def send_and_receive(self, *_: Any, **__: Any) -> NoReturn:
        """Not asked for."""
        raise NotImplementedError


def size_bytes(message: Message) -> int:
    """Of what Flower sends of it: its objects, each once."""
    return sum(len(each.deflate()) for each in get_all_nested_objects(message).values())


if __name__ == "__main__":
    main()
