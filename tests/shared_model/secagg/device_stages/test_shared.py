"""Shares and lists of sharers that lie: the device refuses, and sends no vector."""

from dataclasses import replace

import pytest

from shared_model.secagg.keys import RoundSecrets, agreed, inclusion_tag
from shared_model.secagg.messages import (
    Delivery,
    Kind,
    Reader,
    wrap,
)
from tests.shared_model.secagg.attacks import (
    PLACE,
    VICTIM,
    attacked,
)
from tests.shared_model.secagg.rounds import cast, play


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda it: replace(it, sharers=it.sharers - {PLACE}), "not to have shared"),
        (lambda it: Delivery(sharers=frozenset({0, 1, 2}), sealed={1: it.sealed[1], 2: it.sealed[2]}), "too few"),
    ],
)
def test_lists_of_sharers_that_leave_a_device_alone(change, word):
    def lie(_actors, contents):
        read = Delivery.read(Reader(contents[0]), devices=6, choosers=frozenset(range(6)) - {PLACE})
        return (wrap(Kind.DELIVERY, contents[0][1:33], change(read).body(6)),)

    assert word in attacked(Kind.MASKED, lie)


def test_shares_that_were_swapped_or_changed_are_not_held():
    """They were sealed for one receiver by one sender: what is opened elsewhere is nothing, and is never handed on."""
    actors = cast(6, threshold=4)

    def told(stage, number, contents):
        if (stage, number) != (Kind.MASKED, VICTIM):
            return contents
        read = Delivery.read(Reader(contents[0]), devices=6, choosers=frozenset(range(6)) - {PLACE})
        flipped = bytes([read.sealed[3][0] ^ 1]) + read.sealed[3][1:]
        swapped = read.sealed | {1: read.sealed[2], 2: read.sealed[1], 3: flipped}
        return (wrap(Kind.DELIVERY, contents[0][1:33], replace(read, sealed=swapped).body(6)),)

    held = []

    def said(stage, number, content):
        if (stage, number) == (Kind.MASKED, VICTIM):
            held.append(set(actors.devices[VICTIM]._stage.held))
        return content

    play(actors, told=told, said=said)
    assert held == [{4, 5}]
    assert (actors.coordinator.sum == actors.expected(actors.devices)).all()


def test_a_proof_of_inclusion_is_both_devices_own_and_no_part_of_the_key_that_seals():
    one, other = RoundSecrets.new(), RoundSecrets.new()
    about = {"roster_digest": bytes(32), "pair": (4, 7)}
    tag = inclusion_tag(one.sealing, other.public().sealing, **about)
    assert tag == inclusion_tag(other.sealing, one.public().sealing, **about)
    for changed in ({"pair": (7, 4)}, {"roster_digest": bytes([1]) * 32}):
        assert tag != inclusion_tag(one.sealing, other.public().sealing, **about | changed)
    for purpose in ("seal", "mask"):
        assert agreed(one.sealing, other.public().sealing, purpose=purpose, **about)[: len(tag)] != tag
