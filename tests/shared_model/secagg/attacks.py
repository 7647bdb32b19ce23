"""A server that lies at a stage of a round: what its victim refuses with, and that no secret comes out of it."""

from dataclasses import replace

import pytest

from shared_model.books.multiproof import multiproof
from shared_model.errors import Refused
from shared_model.secagg.graph import Graph, plan_graph
from shared_model.secagg.keys import Registered, RoundSecrets, sign_keys
from shared_model.secagg.messages import (
    Announcement,
    Introduced,
    Introductions,
    Kind,
    Reader,
    Roster,
    wrap,
)
from tests.shared_model.secagg.rounds import cast, node_keys, play

VICTIM = 1
PLACE = 0


def knows_nothing(device):
    """No secret, and nothing else of the round."""
    return device._stage is None and set(vars(device)) == {"_digest", "_stage"}


def attacked(stage: Kind, lie, *, devices: int = 6, **changes: int):
    """What the victim refused with, which hears `lie(actors, contents)` when it is asked for `stage`.

    It must have said nothing at that stage, and say nothing ever after.
    """
    actors = cast(devices, **({"threshold": devices // 2 + 1} | changes))
    came = []

    def told(now, number, contents):
        return lie(actors, contents) if (now, number) == (stage, VICTIM) else contents

    def said(now, number, content):
        if number == VICTIM:
            came.append(now)
        return content

    ended = play(actors, told=told, said=said)
    assert stage not in came
    assert all(earlier < stage for earlier in came)
    device = actors.devices[VICTIM]
    assert knows_nothing(device)
    with pytest.raises(Refused, match="over"):
        device.reply((wrap(Kind.SURVIVORS, actors.terms.digest, b"\xff"),))
    with pytest.raises(Refused, match="over"):
        device.announce()
    return ended.refused[VICTIM]


def changed_roster(contents, change):
    roster, *rest = contents
    read = Roster.read(Reader(roster))
    return (wrap(Kind.ROSTER, roster[1:33], change(read).body()), *rest)


def changed_introductions(actors, contents, change):
    roster, introductions = contents
    devices = len(actors.devices)
    read = change(
        Introductions.read(Reader(introductions), devices=devices, chosen=frozenset(range(devices)) - {PLACE})
    )
    read = replace(read, proof=proof_of(actors, read.chosen))  # as long as whom it names makes it
    return roster, wrap(Kind.INTRODUCTIONS, introductions[1:33], read.body(devices))


def alone(devices: int, graph: Graph | None = None, **changes: int):
    """The victim among `devices` of which no other says a word yet, and the roster that it is sent."""
    actors = cast(devices, **changes)
    graph = graph or plan_graph(devices, actors.terms.parameters)
    assert not graph.is_complete
    actors.devices[VICTIM].announce()
    return actors, wrap(Kind.ROSTER, actors.terms.digest, Roster(graph=graph, numbers=tuple(actors.devices)).body())


def acquaintances(actors) -> dict[int, Introduced]:
    """Those that the victim drew, with good keys."""
    made = {}
    for place in actors.devices[VICTIM]._stage.seat.chosen:
        number, keys = 1 + 3 * place, RoundSecrets.new().public()
        signature = sign_keys(node_keys()[place], keys, digest=actors.terms.digest, number=number)
        announcement = Announcement(keys=keys, signature=signature)
        made[place] = introduced(actors.registered[number], announcement)
    return made


def introduced(node: Registered, announcement: Announcement) -> Introduced:
    return Introduced(node_key=node.node_key, position=node.position, announcement=announcement)


def proof_of(actors, chosen: dict[int, Introduced]) -> tuple[bytes, ...]:
    paths = {each.position: actors.registered[1 + 3 * each.position].proof for each in chosen.values()}
    return multiproof(paths, size=len(actors.devices))


def introducing(actors, chosen: dict[int, Introduced]) -> bytes:
    size, proof = len(actors.devices), proof_of(actors, chosen)
    read = Introductions(chosen=chosen, choosers=frozenset(), others={}, registry_size=size, proof=proof)
    return wrap(Kind.INTRODUCTIONS, actors.terms.digest, read.body(len(actors.devices)))
