"""Messages twice, out of turn, of another round, or none: the device refuses, whatever its stage."""

from dataclasses import replace

import numpy as np
import pytest

from shared_model.errors import Refused
from shared_model.secagg.device import Device
from shared_model.secagg.messages import (
    Kind,
    places_as_bits,
    wrap,
)
from tests.shared_model.secagg.attacks import (
    VICTIM,
    attacked,
)
from tests.shared_model.secagg.rounds import LIMITS, cast, node_keys, parameters, play


@pytest.mark.parametrize("stage", [Kind.SHARES, Kind.MASKED, Kind.AGREEMENT, Kind.UNMASKING])
def test_asking_twice_in_a_round(stage):
    """The second time with another list, which would give the other kind of share: there is no second time."""
    actors = cast(6, threshold=4)
    before = {}

    def told(now, number, contents):
        before[number, now] = contents
        return contents

    def said(now, number, content):
        if (now, number) == (stage, VICTIM):
            with pytest.raises(Refused, match=r"twice or out of turn|over"):
                actors.devices[VICTIM].reply(before[VICTIM, stage][-1:])
        return content

    ended = play(actors, told=told, said=said)
    assert set(ended.refused) <= {VICTIM}
    with pytest.raises(Refused, match="over"):
        actors.devices[VICTIM].reply((wrap(Kind.SURVIVORS, actors.terms.digest, places_as_bits(range(5), 6)),))


@pytest.mark.parametrize("stage", [Kind.SHARES, Kind.MASKED, Kind.AGREEMENT, Kind.UNMASKING])
def test_a_message_of_another_round_or_of_other_terms(stage):
    def lie(actors, contents):
        others = (
            replace(actors.terms, round=2),
            replace(actors.terms, parameters=replace(actors.terms.parameters, threshold=5)),
        )
        first, *rest = contents
        return (wrap(Kind(first[0]), others[stage % 2].digest, first[33:]), *rest)

    assert "another round" in attacked(stage, lie)


@pytest.mark.parametrize("stage", [Kind.SHARES, Kind.MASKED, Kind.AGREEMENT, Kind.UNMASKING])
@pytest.mark.parametrize("how", ["cut", "longer", "empty", "noise"])
def test_messages_that_are_none(stage, how):
    def lie(_actors, contents):
        last = contents[-1]
        last = {"cut": last[:-1], "longer": last + b"\0", "empty": b"", "noise": b"\xee" * len(last)}[how]
        return (*contents[:-1], last)

    assert "cannot be read" in attacked(stage, lie)


def test_stages_out_of_turn():
    actors = cast(4)
    device = actors.devices[VICTIM]
    device.announce()
    with pytest.raises(Refused, match="out of turn"):
        device.reply((wrap(Kind.SURVIVORS, actors.terms.digest, b"\xf0"),))
    with pytest.raises(Refused, match="over"):
        device.announce()


def test_keys_are_given_once():
    device = cast(4).devices[VICTIM]
    device.announce()
    with pytest.raises(Refused, match="twice"):
        device.announce()


def test_a_vector_beyond_the_modulus_is_the_devices_own_mistake():
    actors = cast(4)
    arguments = {"number": 1, "node_key": node_keys()[0], "limits": LIMITS}
    for vector in (np.full(5, 1 << 20, np.uint64), np.zeros(4, np.uint64), np.zeros(5, np.int64)):
        with pytest.raises(ValueError, match="the vector"):
            Device(actors.terms, vector, **arguments)
    assert parameters(4).modulus_bits == 20
