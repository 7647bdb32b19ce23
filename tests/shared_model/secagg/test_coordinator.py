"""Devices that babble or come late: the stage goes on without them, and what was summed stays exact."""

import numpy as np
import pytest

from shared_model.secagg.coordinator import Coordinator, Rejected
from shared_model.secagg.device import Device
from shared_model.secagg.messages import Kind
from tests.shared_model.secagg.bad_devices import BAD, SPOKEN, with_a_bad_device
from tests.shared_model.secagg.rounds import LIMITS, cast, node_keys, play


@pytest.mark.parametrize("stage", SPOKEN)
@pytest.mark.parametrize("how", ["cut", "longer", "empty", "noise", "another kind", "another round"])
def test_malformed_messages_drop_their_sender_alone(stage, how):
    def change(_actors, content):
        return {
            "cut": content[:-1],
            "longer": content + b"\0",
            "empty": b"",
            "noise": b"\xee" * len(content),
            "another kind": bytes([Kind.ROSTER]) + content[1:],
            "another round": content[:1] + bytes(32) + content[33:],
        }[how]

    actors = with_a_bad_device(stage, change)
    assert actors.ended.rejected.keys() == {BAD}
    assert actors.coordinator.offenders == {BAD}
    stayed_out = stage <= Kind.MASKED
    in_it = [number for number in actors.devices if number != BAD or not stayed_out]
    assert (actors.coordinator.sum == actors.expected(in_it)).all()


@pytest.mark.parametrize("stage", SPOKEN)
def test_a_message_that_comes_twice_counts_once(stage):
    actors = cast(5, threshold=3)
    refused = []

    def said(now, number, content):
        if (now, number) == (stage, BAD):
            actors.coordinator.receive(number, content)
            with pytest.raises(Rejected, match="answered already"):
                actors.coordinator.receive(number, content)
            refused.append(number)
            return None
        return content

    play(actors, said=said)
    assert refused == [BAD]
    assert not actors.coordinator.offenders
    assert (actors.coordinator.sum == actors.expected(actors.devices)).all()


@pytest.mark.parametrize("stage", SPOKEN[:-1])
def test_late_messages_are_rejected_and_no_offence(stage):
    actors = cast(6, threshold=4)
    late = {}
    following = SPOKEN[SPOKEN.index(stage) + 1]

    def said(now, number, content):
        if (now, number) == (stage, BAD):
            late[number] = content
            return None
        if now is following and late:
            with pytest.raises(Rejected):
                actors.coordinator.receive(BAD, late.pop(BAD))
        return content

    play(actors, said=said)
    assert not late
    assert not actors.coordinator.offenders
    in_it = [number for number in actors.devices if number != BAD or stage > Kind.MASKED]
    assert (actors.coordinator.sum == actors.expected(in_it)).all()


def test_strangers_are_not_heard():
    actors = cast(4)
    content = actors.devices[1].announce()
    for number in (2, 99):
        with pytest.raises(Rejected, match="not asked"):
            actors.coordinator.receive(number, content)
    with pytest.raises(Rejected, match="not signed"):
        actors.coordinator.receive(4, content)  # of device 1
    with pytest.raises(Rejected, match="not asked"):  # it is out
        actors.coordinator.receive(4, actors.devices[4].announce())


def test_a_device_moves_the_sum_by_whatever_the_modulus_holds_and_no_further():
    """That is what masks cost: what one adds cannot be looked at. Clipping is the device's own."""
    actors = cast(5)
    honest = actors.expected(actors.devices)
    most = np.full(5, (1 << 20) - 1, np.uint64)
    actors.devices[BAD] = Device(actors.terms, most, number=BAD, node_key=node_keys()[BAD // 3], limits=LIMITS)
    play(actors)
    moved = (actors.coordinator.sum - honest) % (1 << 20)
    assert (moved == ((1 << 20) - 1 - actors.vectors[BAD]) % (1 << 20)).all()


def test_a_coordinator_is_the_same_whoever_is_asked_first():
    actors = cast(4)
    again = Coordinator(actors.terms, actors.registered)
    for number in reversed(actors.devices):
        content = actors.devices[number].announce()
        actors.coordinator.receive(number, content)
        again.receive(number, content)
    assert actors.coordinator.close() == again.close()
