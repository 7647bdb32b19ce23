"""A coordinator that is killed at every one of its writes, or runs out of room: `python killed_rounds.py TRAINING HOW`.

Devices answer with nothing, so that whatever the parameters change by is noise. `asked` beside the deployment has a
line for each round that a device was asked in; `leaves-N` is the log as it was after the N-th end.
"""

import shutil
import sys
from itertools import count
from pathlib import Path

import torch
from flwr.app import Message, RecordDict
from flwr.supercore.task_identity import TaskIdentity

from server.deployment import collect
from server.deployment.app import play
from server.deployment.books import open_books
from server.deployment.deployment import read_deployment
from shared_model.books.round_log import LEAVES
from tests.kills import fails_with_room_for, killed_at
from tests.server.deployment.test_collect import MemoryGrid, nodes, update


def a_life(folder: Path) -> None:
    """From the start of the process to the end of one more round."""
    deployment = read_deployment(folder)
    books = open_books(folder, deployment)
    state = books.recovered()

    def answer(message: Message) -> RecordDict:
        with (folder / "asked").open("a") as file:
            file.write(f"{message.metadata.group_id}\n")
        found = update(0.0)(message)
        assert isinstance(found, RecordDict)
        return found

    play(state, books, MemoryGrid({1: answer, 2: update(0.0)}), nodes(2))


def main(folder: Path, how: str) -> None:
    torch.set_num_threads(1)
    TaskIdentity._task_id = TaskIdentity._run_id = TaskIdentity._node_id = 1
    collect.POLL_S = 0.01
    leaves = read_deployment(folder).log / LEAVES
    assert not killed_at(10_000, lambda: a_life(folder))
    for number in count():
        if how == "killed":
            goes_on = killed_at(number, lambda: a_life(folder))
        else:  # room for a part of a leaf, for one, for two, and never for a checkpoint
            room = leaves.stat().st_size + 350 * number
            goes_on = fails_with_room_for(room, lambda: a_life(folder)) and number < 12
        shutil.copy(leaves, folder / f"leaves-{number}")
        if not goes_on:
            break
    a_life(folder)
    print(number)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
