"""A server that shows two lists of who is in, in a graph in which no set that `shared_model.secagg.odds` counts is
open: the odds take whoever helps to open a device as masked with it, so that whoever helps must know that.
"""

import itertools
from dataclasses import replace

import pytest

from shared_model.secagg.device_stages import announced
from shared_model.secagg.graph import Graph
from shared_model.secagg.keys import TAG_BYTES
from shared_model.secagg.limits import DeviceLimits
from shared_model.secagg.messages import (
    Delivery,
    Introductions,
    Kind,
    Reader,
    agreements_body,
    places_as_bits,
    read_tags,
    read_unmasking,
    wrap,
)
from shared_model.secagg.packing import packed_bytes
from tests.shared_model.secagg.rounds import cast

DEVICES, DEGREE, THRESHOLD = 11, 6, 5
FOUR, LOST, OTHERS = {0, 1, 2, 3}, 4, {5, 6, 7, 8, 9, 10}
CHOSEN = {place: (FOUR - {place}) | {LOST, 9, 10} for place in FOUR}
CHOSEN |= {LOST: OTHERS} | {place: (OTHERS - {place, 5 + (place - 4) % 6}) | {0, 1} for place in OTHERS}
SHOWN = {place: {*range(9)} for place in (*FOUR, LOST)} | dict.fromkeys(OTHERS, FOUR | OTHERS)
"""The list of who is in, by who is shown it: 9 and 10, whom the four chose, are left out of theirs."""


def test_no_set_of_half_of_the_devices_or_fewer_is_open_by_the_conditions_of_the_odds() -> None:
    assert all(len(chosen - {place}) == DEGREE for place, chosen in CHOSEN.items())
    assert 2 * THRESHOLD - DEGREE - 1 > 0  # of dishonest neighbours, and there are none
    for size in range(1, DEVICES // 2 + 1):
        for each in map(set, itertools.combinations(range(DEVICES), size)):
            assert any(len(CHOSEN[place] & each) < THRESHOLD - 1 for place in each)


def test_a_server_with_two_lists_opens_none_of_the_four(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before devices proved whom they masked with, it had the sum of these four of eleven."""
    graph = Graph(devices=DEVICES, degree=DEGREE, share_threshold=THRESHOLD)
    monkeypatch.setattr(announced, "draw_neighbours", lambda _graph, own: frozenset(CHOSEN[own]))
    monkeypatch.setattr("shared_model.secagg.coordinator_stages.gathering.plan_graph", lambda *_: graph)
    anything = DeviceLimits(smallest_cohort=2, smallest_threshold=2, smallest_honest=1, log2_secrecy_failure=0.0)
    actors = cast(DEVICES, threshold=6, limits=anything)
    numbers, digest = tuple(actors.devices), actors.terms.digest

    def told(place: int, kind: Kind, body: bytes) -> bytes:
        return actors.devices[numbers[place]].reply((wrap(kind, digest, body),))

    def heard(hear: dict[int, tuple[bytes, ...]]) -> dict[int, tuple[bytes, ...]]:
        for number, contents in hear.items():
            read = [lied(numbers.index(number), content, digest) for content in contents]
            actors.coordinator.receive(number, actors.devices[number].reply(read))
        return actors.coordinator.close()

    for number, device in actors.devices.items():
        actors.coordinator.receive(number, device.announce())
    delivered = heard(heard(actors.coordinator.close()))
    tags, signed, given = {}, {}, {}
    for place, number in enumerate(numbers):
        reader = Reader(actors.devices[number].reply((lied(place, delivered[number][0], digest),)))
        reader.take(packed_bytes(actors.terms.size, actors.terms.parameters.modulus_bits))
        tags[place] = read_tags(reader, CHOSEN[place] - {9, 10} if place in FOUR else CHOSEN[place])
    for place, shown in SHOWN.items():
        signed[place] = Reader(told(place, Kind.SURVIVORS, places_as_bits(shown, DEVICES))).rest()
    for place in FOUR | OTHERS:
        signers = {other: signed[other] for other in CHOSEN[place] if SHOWN[other] == SHOWN[place]}
        tagging = {other for other in SHOWN[place] if place in CHOSEN[other]} - (OTHERS if place in FOUR else set())
        shown = b"".join(tags[other].get(place, bytes(TAG_BYTES)) for other in sorted(tagging))
        body = told(place, Kind.AGREEMENTS, agreements_body(signers, DEVICES) + shown)
        given[place] = read_unmasking(Reader(body), devices=DEVICES)

    held = {place: {helper for helper, came in given.items() if place in came} for place in range(DEVICES)}
    assert held[LOST] == OTHERS  # its masking key is open, as it must be
    assert all(held[place] == FOUR for place in FOUR)  # and not 9 and 10, who would have made it enough
    assert len(FOUR) < THRESHOLD


def lied(place: int, content: bytes, digest: bytes) -> bytes:
    """What the four hear instead: that none of the others chose them, and that 9 and 10 did not share."""
    if place not in FOUR or content[0] not in (Kind.INTRODUCTIONS, Kind.DELIVERY):
        return content
    choosers = frozenset(other for other in range(DEVICES) if place in CHOSEN[other])
    if content[0] == Kind.INTRODUCTIONS:
        said = Introductions.read(Reader(content), devices=DEVICES, chosen=frozenset(CHOSEN[place]))
        others = {other: keys for other, keys in said.others.items() if other not in OTHERS}
        return wrap(Kind.INTRODUCTIONS, digest, replace(said, choosers=choosers - OTHERS, others=others).body(DEVICES))
    read = Delivery.read(Reader(content), devices=DEVICES, choosers=choosers)
    sealed = {other: each for other, each in read.sealed.items() if other not in OTHERS}
    return wrap(Kind.DELIVERY, digest, Delivery(sharers=read.sharers - {9, 10}, sealed=sealed).body(DEVICES))
