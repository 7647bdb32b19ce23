"""A server that lies at every stage: the device refuses, and no secret comes out of it, then or later."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.books.multiproof import multiproof
from shared_model.errors import Refused
from shared_model.secagg.coordinator import Aborted
from shared_model.secagg.device import Device, DeviceLimits
from shared_model.secagg.graph import Graph, plan_graph
from shared_model.secagg.keys import Registered, RoundSecrets, compressed, sign_keys
from shared_model.secagg.messages import (
    Announcement,
    Delivery,
    Introduced,
    Introductions,
    Kind,
    Reader,
    Roster,
    agreements_body,
    places_as_bits,
    read_agreements,
    wrap,
)
from shared_model.wire.node_key import new_node_key
from tests.shared_model.secagg.rounds import LIMITS, cast, node_keys, parameters, play

VICTIM = 1
PLACE = 0


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
    for secret in ("_secrets", "_self_mask", "_held", "_own_share", "_vector"):
        assert not hasattr(device, secret)
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
    for place in actors.devices[VICTIM]._chosen:
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


# keys and rosters


def test_a_lowered_threshold_of_shares():
    def lie(_actors, contents):
        return changed_roster(contents, lambda it: replace(it, graph=replace(it.graph, share_threshold=3)))

    assert "open to the server" in attacked(Kind.SHARES, lie)


def test_a_lower_degree_than_is_safe():
    def lie(_actors, contents):
        return changed_roster(contents, lambda it: replace(it, graph=replace(it.graph, degree=2, share_threshold=3)))

    assert "open to the server" in attacked(Kind.SHARES, lie)


def test_a_shrunken_cohort():
    def lie(_actors, contents):
        return changed_roster(
            contents,
            lambda it: Roster(graph=replace(it.graph, devices=3, degree=2, share_threshold=2), numbers=it.numbers[:3]),
        )

    assert "too few for this round" in attacked(Kind.SHARES, lie)


def test_more_devices_than_a_sum_has_room_for():
    def lie(_actors, contents):
        crowd = Roster(graph=Graph(devices=7, degree=6, share_threshold=4), numbers=(1, 4, 7, 10, 13, 16, 19))
        return changed_roster(contents, lambda _it: crowd)

    assert "room for" in attacked(Kind.SHARES, lie)


def test_a_roster_without_the_device_itself():
    def lie(_actors, contents):
        return changed_roster(contents, lambda it: replace(it, numbers=(2, *it.numbers[1:])))

    assert "not in the list" in attacked(Kind.SHARES, lie)


def test_a_number_that_stands_in_the_roster_twice():
    def lie(_actors, contents):
        return changed_roster(contents, lambda it: replace(it, numbers=(*it.numbers[:4], it.numbers[4], it.numbers[4])))

    assert "stands there twice" in attacked(Kind.SHARES, lie)


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (DeviceLimits(smallest_cohort=7, smallest_threshold=2, smallest_honest=1), "cohort of 6"),
        (DeviceLimits(smallest_cohort=2, smallest_threshold=5, smallest_honest=1), "threshold of 4"),
        (DeviceLimits(smallest_cohort=2, smallest_threshold=2, smallest_honest=3), "honest devices than of 1"),
    ],
)
def test_terms_below_the_devices_own_minimum(limits, word):
    with pytest.raises(Refused, match=word):
        cast(6, limits=limits)


def test_fewer_honest_devices_in_a_sum_than_were_announced():
    """A drawn graph where the complete one was needed."""
    actors, roster = alone(60, Graph(devices=60, degree=30, share_threshold=25), threshold=50, honest=50)
    with pytest.raises(Refused, match="as many honest"):
        actors.devices[VICTIM].reply((roster,))


# introductions


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
    for secret in ("_secrets", "_self_mask", "_vector"):
        assert not hasattr(device, secret)


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
        own = actors.devices[VICTIM]._secrets.public()

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


# shares and masks


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
            held.append(set(actors.devices[VICTIM]._held))
        return content

    play(actors, told=told, said=said)
    assert held == [{4, 5}]
    assert (actors.coordinator.sum == actors.expected(actors.devices)).all()


# who is in


@pytest.mark.parametrize(
    ("survivors", "word"),
    [
        ({1, 2, 3, 4, 5}, "said to be lost"),
        ({0, 1, 2}, "too few"),
        ({0}, "too few"),
    ],
)
def test_lists_of_survivors_that_open_too_little(survivors, word):
    def lie(_actors, contents):
        return (wrap(Kind.SURVIVORS, contents[0][1:33], places_as_bits(survivors, 6)),)

    assert word in attacked(Kind.AGREEMENT, lie)


def test_a_survivor_that_never_shared():
    actors = cast(6, threshold=4)

    def lie(stage, number, contents):
        if stage is Kind.AGREEMENT and number == VICTIM:
            return (wrap(Kind.SURVIVORS, contents[0][1:33], places_as_bits(set(range(6)), 6)),)
        return contents

    ended = play(actors, lost={16: Kind.SHARES}, told=lie)
    assert "were not in the list" in ended.refused[VICTIM]


def test_a_device_whose_own_neighbours_are_said_to_be_lost_is_not_opened():
    """In a drawn graph the server knows who masks with whom, and could call exactly these lost; strangers that all
    chose the device are no company."""
    actors, roster = alone(200, threshold=180, honest=90, dishonest=10)
    device = actors.devices[VICTIM]
    device.reply((roster,))
    graph = Roster.read(Reader(roster)).graph
    device.reply((introducing(actors, acquaintances(actors)),))
    everyone = frozenset(range(200))
    device.reply((wrap(Kind.DELIVERY, actors.terms.digest, Delivery(sharers=everyone, sealed={}).body(200)),))
    gone = sorted(device._chosen)[: graph.degree + 2 - graph.share_threshold]
    assert len(gone) <= 20  # as many as a round may lose
    with pytest.raises(Refused, match="too few of the neighbours"):
        device.reply((wrap(Kind.SURVIVORS, actors.terms.digest, places_as_bits(everyone - set(gone), 200)),))


# two views, and asking twice


def test_two_views_of_one_round_are_seen():
    """Half of the devices are told that device 16 is in, half that it is lost: to open both of its secrets."""
    actors = cast(6, threshold=4)
    all_bits, without = places_as_bits(range(6), 6), places_as_bits(range(5), 6)

    def told(stage, number, contents):
        if stage is Kind.AGREEMENT and number in (1, 4, 7):
            return (wrap(Kind.SURVIVORS, contents[0][1:33], without),)
        return contents

    said_last = []

    def said(stage, number, content):
        if stage is Kind.UNMASKING:
            said_last.append(number)
        return content

    assert all_bits != without
    with pytest.raises(Aborted):
        play(actors, told=told, said=said)
    assert said_last == []
    assert actors.coordinator.sum is None


def test_a_signature_under_another_list_is_a_refusal():
    """The server passes on what was signed by a device of the other view."""
    actors = cast(6, threshold=4)
    foreign = {}

    def told(stage, number, contents):
        if stage is Kind.AGREEMENT and number == 4:
            return (wrap(Kind.SURVIVORS, contents[0][1:33], places_as_bits(range(5), 6)),)
        if stage is Kind.UNMASKING and number == VICTIM:
            signatures = read_agreements(Reader(contents[0]), devices=6)
            return (wrap(Kind.AGREEMENTS, contents[0][1:33], agreements_body(signatures | foreign, 6)),)
        return contents

    def said(stage, number, content):
        if stage is Kind.AGREEMENT and number == 4:
            foreign[1] = content[33:]
        return content

    ended = play(actors, told=told, said=said)
    assert "another list" in ended.refused[VICTIM]


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_too_few_signatures(kept):
    def lie(_actors, contents):
        signatures = read_agreements(Reader(contents[0]), devices=6)
        few = dict(list(signatures.items())[:kept])
        return (wrap(Kind.AGREEMENTS, contents[0][1:33], agreements_body(few, 6)),)

    assert "too few" in attacked(Kind.UNMASKING, lie)


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


def test_both_kinds_of_share_of_one_node_cannot_be_asked_for():
    """A device hands over one share of each device at most, of the kind that the list it signed leaves it."""
    actors = cast(6, threshold=4)
    handed = {}

    def said(stage, number, content):
        if stage is Kind.UNMASKING:
            handed[number] = content
        return content

    held = {}

    def told(stage, number, contents):
        if stage is Kind.UNMASKING:
            held[number] = dict(actors.devices[number]._held)
        return contents

    play(actors, lost={16: Kind.MASKED}, said=said, told=told)
    assert len(handed) == 5
    for number, content in handed.items():
        for dealer, (self_mask, masking_key) in held[number].items():
            wanted, kept = (masking_key, self_mask) if dealer == 5 else (self_mask, masking_key)
            assert wanted in content
            assert kept not in content


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
