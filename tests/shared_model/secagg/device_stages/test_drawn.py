"""Introductions that lie: the device refuses, and shares nothing."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.errors import Refused
from shared_model.secagg.graph import Graph
from shared_model.secagg.keys import RoundSecrets, compressed, sign_keys
from shared_model.secagg.messages import (
    Announcement,
    Kind,
)
from shared_model.wire.node_key import new_node_key
from tests.shared_model.secagg.attacks import (
    VICTIM,
    acquaintances,
    alone,
    attacked,
    changed_introductions,
    introducing,
    knows_nothing,
    proof_of,
)
from tests.shared_model.secagg.rounds import cast, node_keys, play


def test_keys_that_the_server_made_itself():
    def change(read):
        made = Announcement(keys=RoundSecrets.new().public(), signature=read.chosen[2].announcement.signature)
        return replace(read, chosen=read.chosen | {2: replace(read.chosen[2], announcement=made)})

    assert "not signed" in attacked(Kind.SHARES, lambda a, c: changed_introductions(a, c, change))


@pytest.mark.parametrize("signature", [bytes(96), b"\xff" * 96])
def test_keys_without_a_signature(signature):
    def change(read):
        unsigned = replace(read.chosen[2].announcement, signature=signature)
        return replace(read, chosen=read.chosen | {2: replace(read.chosen[2], announcement=unsigned)})

    assert "not signed" in attacked(Kind.SHARES, lambda a, c: changed_introductions(a, c, change))


def test_keys_that_are_signed_by_a_node_that_is_not_registered():
    """Signed well, by a key that the server made: it is not below the root that was announced."""

    def lie(actors, contents):
        def change(read):
            node, keys = new_node_key(), RoundSecrets.new().public()
            signature = sign_keys(node, keys, digest=actors.terms.digest, number=7)
            forged = replace(
                read.chosen[2],
                node_key=compressed(node.public_key()),
                announcement=Announcement(keys=keys, signature=signature),
            )
            return replace(read, chosen=read.chosen | {2: forged})

        return changed_introductions(actors, contents, change)

    assert "not in the registry" in attacked(Kind.SHARES, lie)


def test_keys_of_another_round():
    def lie(actors, contents):
        other = replace(actors.terms, round=2)
        keys = RoundSecrets.new().public()
        signature = sign_keys(node_keys()[2], keys, digest=other.digest, number=7)

        def change(read):
            old = replace(read.chosen[2], announcement=Announcement(keys=keys, signature=signature))
            return replace(read, chosen=read.chosen | {2: old})

        return changed_introductions(actors, contents, change)

    assert "not signed" in attacked(Kind.SHARES, lie)


def test_one_device_in_two_places():
    def change(read):
        return replace(read, chosen=read.chosen | {3: read.chosen[2]})

    # its signature names its number, so that it is told before the doubled key is
    assert "not signed" in attacked(Kind.SHARES, lambda a, c: changed_introductions(a, c, change))


def test_one_node_that_signed_for_two_numbers():
    def lie(actors, contents):
        keys = RoundSecrets.new().public()
        signature = sign_keys(node_keys()[2], keys, digest=actors.terms.digest, number=10)

        def change(read):
            again = replace(read.chosen[2], announcement=Announcement(keys=keys, signature=signature))
            return replace(read, chosen=read.chosen | {3: again})

        return changed_introductions(actors, contents, change)

    assert "twice" in attacked(Kind.SHARES, lie)


def test_two_nodes_that_are_said_to_stand_in_one_place_of_the_registry():
    """Each signed, and one of them registered there."""

    def change(read):
        return replace(read, chosen=read.chosen | {3: replace(read.chosen[3], position=read.chosen[2].position)})

    assert "twice" in attacked(Kind.SHARES, lambda a, c: changed_introductions(a, c, change))


def test_two_nodes_that_change_places_in_the_registry():
    def change(read):
        second, third = read.chosen[2], read.chosen[3]
        swapped = {2: replace(second, position=third.position), 3: replace(third, position=second.position)}
        return replace(read, chosen=read.chosen | swapped)

    assert "not in the registry" in attacked(Kind.SHARES, lambda a, c: changed_introductions(a, c, change))


@pytest.mark.parametrize("size", [0, 3, 7, 1 << 31])
def test_a_registry_of_another_size_than_was_announced(size):
    """Its proof is of another length then, or shows nothing."""

    def change(read):
        return replace(read, registry_size=size)

    said = attacked(Kind.SHARES, lambda a, c: changed_introductions(a, c, change))
    assert "cannot be read" in said or "not in the registry" in said


@settings(deadline=None, max_examples=60)
@given(st.integers(0, (1 << 20) - 1))
def test_an_introduction_that_was_tampered_with_anywhere_is_refused(where):
    """Any bit of all that it says of those that the device drew, the shared proof at its end among it."""
    actors, roster = alone(40, Graph(devices=40, degree=12, share_threshold=10), threshold=30, honest=5)
    device = actors.devices[VICTIM]
    device.reply((roster,))
    good = introducing(actors, acquaintances(actors))
    assert good[-32:] == proof_of(actors, acquaintances(actors))[-1]
    head = 8 * (1 + 32 + 5)  # and the list of choosers
    bit = head + where % (8 * len(good) - head)
    changed = bytearray(good)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Refused):
        device.reply((bytes(changed),))
    assert knows_nothing(device)


@pytest.mark.parametrize(
    ("numbers", "word"),
    [
        (b"\x01\x03\x83\x00\x03\x03\x03", "shortest form"),  # a step in more bytes than it takes
        (b"\x01\x03\x03\x03\x03\xff\xff\xff\xff\x1f", "too large"),  # a step beyond four bytes
        (b"\x01\x03\x03\x03\x03\xff\xff\xff\xff\x0f", "too large"),  # their sum beyond four bytes
        (b"\x01\x03\x03\x03\x03\x83", "too short"),
        (b"\x01\x03\x03\x03\x03\x03\x03", "too long"),
        (b"\x01\x03\x00\x06\x03\x03", "twice"),
    ],
)
def test_numbers_of_a_roster_have_one_spelling(numbers, word):
    def lie(_actors, contents):
        roster, *rest = contents
        return (roster[: 33 + 6] + numbers, *rest)

    assert word in attacked(Kind.SHARES, lie)


def test_one_key_for_two_devices():
    def lie(actors, contents):
        def change(read):
            keys = replace(read.chosen[3].announcement.keys, masking=read.chosen[2].announcement.keys.masking)
            signature = sign_keys(node_keys()[3], keys, digest=actors.terms.digest, number=10)
            copied = replace(read.chosen[3], announcement=Announcement(keys=keys, signature=signature))
            return replace(read, chosen=read.chosen | {3: copied})

        return changed_introductions(actors, contents, change)

    assert "one key" in attacked(Kind.SHARES, lie)


def test_the_victims_own_key_given_back_to_it():
    def lie(actors, contents):
        own = actors.devices[VICTIM]._stage.own.secrets.public()

        def change(read):
            keys = replace(read.chosen[2].announcement.keys, masking=own.masking)
            signature = sign_keys(node_keys()[2], keys, digest=actors.terms.digest, number=7)
            echoed = replace(read.chosen[2], announcement=Announcement(keys=keys, signature=signature))
            return replace(read, chosen=read.chosen | {2: echoed})

        return changed_introductions(actors, contents, change)

    assert "one key" in attacked(Kind.SHARES, lie)


@pytest.mark.parametrize("field", ["sealing", "masking"])
def test_a_key_that_gives_a_secret_known_to_all(field):
    """The point of order one, signed by a device that works with the server."""

    def lie(actors, contents):
        def change(read):
            keys = replace(read.chosen[2].announcement.keys, **{field: bytes(32)})
            signature = sign_keys(node_keys()[2], keys, digest=actors.terms.digest, number=7)
            weak = replace(read.chosen[2], announcement=Announcement(keys=keys, signature=signature))
            return replace(read, chosen=read.chosen | {2: weak})

        return changed_introductions(actors, contents, change)

    stage = Kind.SHARES if field == "sealing" else Kind.MASKED
    if stage is Kind.SHARES:
        assert "no key" in attacked(stage, lie)
        return
    actors = cast(6)
    ended = play(actors, told=lambda now, who, it: lie(actors, it) if (now, who) == (Kind.SHARES, VICTIM) else it)
    assert "no key" in ended.refused[VICTIM]


def test_neighbours_that_the_server_would_like_to_choose():
    """The device draws them: keys of fewer or of others are too few or too many bytes."""
    actors, roster = alone(60, threshold=50, honest=20)
    device = actors.devices[VICTIM]
    device.reply((roster,))
    fewer = dict(list(acquaintances(actors).items())[1:])
    with pytest.raises(Refused, match="cannot be read"):
        device.reply((introducing(actors, fewer),))
