"""A device that is killed at every one of its writes, or runs out of room: `python killed_device.py ROOT HOW`.

ROOT: of a federation, with a joined profile beside it. `trained` in it has a line for each round that reading and
training began in; `answered`, for each update that would leave.
"""

import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

import torch

from client.eligibility.reading import Reading
from client.files import LEDGER
from client.node import round as node_round
from client.node.round import Participant
from client.profile import open_profile
from server.deployment.books import Books, open_books
from server.deployment.deployment import read_deployment
from server.round import RoundState
from shared_model.round_invitation import RoundInvitation
from tests.kills import fails_with_room_for, killed_at
from tests.server.deployment.test_books import released

NOW_S = 1_790_000_000.0
IDLE = Reading(on_mains=True, idle_min=60.0, unmetered=True, online=True, cpu_usage=0.0, hour=3.0)
READ = node_round.read_learned


def announced(books: Books, state: RoundState) -> RoundInvitation:
    books.announce(state)
    told = books.invitation(deadline_s=int(NOW_S) + 60)
    return replace(told, consistency=books.consistency(list(range(1, len(books.logged.log)))))


def take_part(root: Path, told: RoundInvitation, state: RoundState) -> None:
    def noted(name: str) -> None:
        with (root / name).open("a") as file:
            file.write(f"{state.round + 1}\n")

    def read(*arguments: object, **named: object) -> object:
        noted("trained")
        return READ(*arguments, **named)  # type: ignore[arg-type]

    node_round.read_learned = read  # type: ignore[assignment]
    pinned = read_deployment(root / "training").signer().verifier
    with open_profile(root / "profile") as profile:
        Participant(profile=profile, pinned=pinned, sensors=lambda _: IDLE, clock=lambda: NOW_S).take_part(
            told, state.vector
        )
        noted("answered")


def main(root: Path, how: str) -> None:
    torch.set_num_threads(1)
    books = open_books(root / "training", read_deployment(root / "training"))
    state = books.recovered()
    ledger = root / "profile" / LEDGER
    for number in count():
        told = announced(books, state)
        if how == "killed":
            goes_on = killed_at(number, lambda: take_part(root, told, state))  # noqa: B023 - called at once
        else:  # none for the store; then some of the ledger's next rows, as if the store lay elsewhere
            if number == 1:
                node_round.note = lambda *_, **__: None  # type: ignore[assignment,return-value]
            room = ledger.stat().st_size + 200 * number
            goes_on = fails_with_room_for(room, lambda: take_part(root, told, state))  # noqa: B023
        state = released(state)
        books.concluded(state)
        if not goes_on:
            break
    take_part(root, announced(books, state), state)
    print(number)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
