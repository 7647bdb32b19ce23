"""Where devices draw their neighbours: who babbles then is dropped, and a server that lies then is refused."""

from dataclasses import replace

import pytest

from shared_model.errors import Refused
from shared_model.secagg.coordinator import Rejected
from shared_model.secagg.graph import Graph, plan_graph
from shared_model.secagg.messages import Introductions, Kind, Reader, Roster, places_as_bits, wrap
from tests.shared_model.secagg.attacks import PLACE, VICTIM, acquaintances, alone, introducing, knows_nothing
from tests.shared_model.secagg.rounds import cast, play

DEVICES = 60


def drawn():
    """A round of which ten may be lost, in a graph that is not complete."""
    return cast(DEVICES, threshold=50, honest=20)


def its_place(number: int) -> int:
    return (number - 1) // 3


BABBLE = {
    4: lambda content: content[:-1],
    7: lambda content: content + b"\0",
    10: lambda content: b"",
    13: lambda content: b"\xee" * len(content),
    16: lambda content: bytes([Kind.ROSTER]) + content[1:],
    19: lambda content: content[:1] + bytes(32) + content[33:],
    22: lambda content: content[:33] + bytes(len(content) - 33),  # nobody
    25: lambda content: content[:33] + places_as_bits(set(range(DEVICES)) - {its_place(25)}, DEVICES),  # everybody
    28: lambda content: content[:33] + places_as_bits(with_itself(content, its_place(28)), DEVICES),
    31: lambda content: content[:-1] + bytes([content[-1] | 1]),  # a place beyond the roster
}
"""By the number of who says it, in one round."""


def with_itself(content: bytes, place: int) -> set[int]:
    drew = Reader(content).places(DEVICES)
    return (drew - {min(drew)}) | {place}


def test_whoever_babbles_when_neighbours_are_drawn_is_dropped_alone():
    actors = drawn()

    def said(stage, number, content):
        return BABBLE[number](content) if stage is Kind.NEIGHBOURS and number in BABBLE else content

    ended = play(actors, said=said)
    assert not plan_graph(DEVICES, actors.terms.parameters).is_complete
    assert ended.rejected.keys() == actors.coordinator.offenders == BABBLE.keys()
    assert not ended.refused
    assert (actors.coordinator.sum == actors.expected(set(actors.devices) - set(BABBLE))).all()


def test_neighbours_that_come_twice_count_once_and_late_ones_not_and_neither_is_an_offence():
    actors, twice, tardy = drawn(), 10, 13
    late, seen = [], []

    def said(stage, number, content):
        if (stage, number) == (Kind.NEIGHBOURS, twice):
            actors.coordinator.receive(number, content)
            with pytest.raises(Rejected, match="answered already"):
                actors.coordinator.receive(number, content)
            seen.append(number)
            return None
        if (stage, number) == (Kind.NEIGHBOURS, tardy):
            late.append(content)
            return None
        if stage is Kind.SHARES and late:
            with pytest.raises(Rejected, match="not asked"):
                actors.coordinator.receive(tardy, late.pop())
            seen.append(tardy)
        return content

    play(actors, said=said)
    assert seen == [twice, tardy]
    assert not actors.coordinator.offenders
    assert (actors.coordinator.sum == actors.expected(set(actors.devices) - {tardy})).all()


def test_what_comes_when_the_round_is_over_is_not_heard():
    actors = cast(4)
    last = {}

    def said(_stage, number, content):
        last[number] = content
        return content

    play(actors, said=said)
    for number, content in last.items():
        with pytest.raises(Rejected, match="not asked"):
            actors.coordinator.receive(number, content)
    assert not actors.coordinator.offenders


def refuses(device, *contents: bytes, match: str) -> None:
    """It says nothing to it, nor to anything after it, and its secrets are gone."""
    with pytest.raises(Refused, match=match):
        device.reply(contents)
    assert knows_nothing(device)
    with pytest.raises(Refused, match="over"):
        device.reply(contents)


@pytest.mark.parametrize(
    ("lie", "word"),
    [
        (lambda roster, _: roster[:-1], "too short"),
        (lambda roster, _: roster + b"\0", "too long"),
        (lambda _roster, _: b"", "no message"),
        (lambda roster, _: b"\xee" * len(roster), "no message"),
        (lambda roster, actors: roster[:1] + replace(actors.terms, round=2).digest + roster[33:], "another round"),
        (lambda roster, actors: wrap(Kind.SURVIVORS, actors.terms.digest, roster[33:]), "out of turn"),
        (lambda roster, actors: said_to_be(roster, actors, degree=8, share_threshold=3), "open to the server"),
        (lambda roster, actors: said_to_be(roster, actors, devices=40), "too few"),
    ],
)
def test_a_roster_to_draw_neighbours_from_that_lies_is_refused(lie, word):
    actors, roster = alone(DEVICES, threshold=50, honest=20, dishonest=5)
    refuses(actors.devices[VICTIM], lie(roster, actors), match=word)


def said_to_be(roster: bytes, actors, **graph: int) -> bytes:
    read = Roster.read(Reader(roster))
    changed = Graph(**{name: getattr(read.graph, name) for name in ("devices", "degree", "share_threshold")} | graph)
    numbers = read.numbers[: changed.devices]
    return wrap(Kind.ROSTER, actors.terms.digest, Roster(graph=changed, numbers=numbers).body())


def test_another_device_in_the_place_of_a_neighbour_that_was_drawn_is_refused():
    """It is registered and signed its keys, but as whom it is."""
    actors, roster = alone(DEVICES, threshold=50, honest=20)
    device = actors.devices[VICTIM]
    device.reply((roster,))
    drew = acquaintances(actors)
    wanted, other = sorted(drew)[:2]
    chosen = drew | {wanted: drew[other]}
    refuses(device, introducing(actors, chosen), match="not signed")


def test_a_second_roster_to_draw_from_is_refused():
    """A device would draw again, and the server keep the draw that it likes."""
    actors, roster = alone(DEVICES, threshold=50, honest=20)
    device = actors.devices[VICTIM]
    device.reply((roster,))
    refuses(device, roster, match="twice or out of turn")


def test_a_device_that_is_said_to_have_drawn_itself_refuses():
    actors, roster = alone(DEVICES, threshold=50, honest=20)
    device = actors.devices[VICTIM]
    device.reply((roster,))
    good = introducing(actors, acquaintances(actors))
    read = Introductions.read(Reader(good), devices=DEVICES, chosen=device._stage.seat.chosen)
    keys = (bytes([7]) * 32, bytes([9]) * 32)
    lie = replace(read, choosers=frozenset({PLACE}), others={PLACE: keys})
    refuses(device, wrap(Kind.INTRODUCTIONS, actors.terms.digest, lie.body(DEVICES)), match="chosen itself")
