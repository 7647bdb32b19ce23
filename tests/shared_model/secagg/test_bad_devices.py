"""Devices that lie, babble or come late: the stage goes on without them, and what was summed stays exact."""

from dataclasses import replace

import numpy as np
import pytest

from shared_model.secagg.coordinator import Aborted, Coordinator, Rejected
from shared_model.secagg.keys import RoundSecrets, sign_keys
from shared_model.secagg.messages import Announcement, Kind, Reader, Shares, read_unmasking, unmasking_body, wrap
from shared_model.secagg.offenders import Offenders, read_offenders
from tests.shared_model.secagg.rounds import STAGES, cast, node_keys, play

BAD = 10
SPOKEN = [stage for stage in STAGES if stage is not Kind.NEIGHBOURS]


def with_a_bad_device(stage, change, *, devices=6):
    """A round in which what `BAD` says at `stage` arrives as `change(actors, content)`."""
    actors = cast(devices, threshold=devices // 2 + 1)

    def said(now, number, content):
        return change(actors, content) if (now, number) == (stage, BAD) else content

    play(actors, said=said)
    return actors


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


def test_numbers_beyond_the_modulus_cannot_be_said():
    """There are b bits a number: any bytes of the right length are a vector below the modulus."""
    actors = with_a_bad_device(
        Kind.MASKED, lambda _actors, content: content[:33] + b"\xff" * (len(content) - 34) + b"\x0f"
    )
    assert actors.coordinator.summed == 6
    assert int(actors.coordinator.sum.max()) < 1 << 20


def test_keys_that_are_not_signed_by_the_node_they_come_from():
    def change(actors, content):
        keys = RoundSecrets.new().public()
        signature = sign_keys(node_keys()[0], keys, digest=actors.terms.digest, number=BAD)
        return wrap(Kind.KEYS, content[1:33], Announcement(keys=keys, signature=signature).body())

    actors = with_a_bad_device(Kind.KEYS, change)
    assert actors.coordinator.offenders == {BAD}
    assert actors.coordinator.summed == 5


def test_a_signature_under_another_list_is_not_shown_to_others():
    actors = with_a_bad_device(Kind.AGREEMENT, lambda _actors, content: content[:33] + bytes(64))
    assert actors.coordinator.offenders == {BAD}
    assert (actors.coordinator.sum == actors.expected(actors.devices)).all()


def changing_shares(places):
    def change(_actors, content):
        shares = read_unmasking(Reader(content), devices=6)
        changed = shares | {place: bytes([shares[place][0]]) + bytes(32) for place in places}
        return wrap(Kind.UNMASKING, content[1:33], unmasking_body(changed, 6))

    return change


def test_a_share_that_was_changed_is_left_out_and_nobody_is_put_in_the_wrong():
    """Its dealer may have sealed another one than it committed itself to: it is one's word against the other's."""
    actors = with_a_bad_device(Kind.UNMASKING, changing_shares([0]))
    assert (actors.coordinator.sum == actors.expected(actors.devices)).all()
    assert actors.coordinator.offenders == set()


def test_a_holder_that_changes_the_shares_of_several_is_known():
    actors = with_a_bad_device(Kind.UNMASKING, changing_shares([0, 1]))
    assert (actors.coordinator.sum == actors.expected(actors.devices)).all()
    assert actors.coordinator.offenders == {BAD}


def test_a_dealer_that_puts_several_holders_in_the_wrong_is_known_and_they_are_not():
    def change(_actors, content):
        shares = Shares.read(Reader(content), degree=5)
        wrong = tuple((bytes(16), bytes(16)) if place < 2 else pair for place, pair in enumerate(shares.commitments))
        return wrap(Kind.SHARES, content[1:33], replace(shares, commitments=wrong).body())

    actors = with_a_bad_device(Kind.SHARES, change)
    assert (actors.coordinator.sum == actors.expected(actors.devices)).all()
    assert actors.coordinator.offenders == {BAD}


@pytest.mark.parametrize("kept", [set(), {0}, {5}])
def test_shares_held_back_do_no_harm_below_the_threshold(kept):
    def change(_actors, content):
        shares = read_unmasking(Reader(content), devices=6)
        return wrap(Kind.UNMASKING, content[1:33], unmasking_body({p: shares[p] for p in kept | {3}}, 6))

    actors = with_a_bad_device(Kind.UNMASKING, change)
    assert (actors.coordinator.sum == actors.expected(actors.devices)).all()


def test_a_dealer_that_shares_another_secret_than_it_masks_with_ends_the_round_and_is_known():
    """It cannot be left out any more: its vector is in the sum. The price is one round, once."""

    def change(_actors, content):
        shares = Shares.read(Reader(content), degree=5)
        return wrap(Kind.SHARES, content[1:33], replace(shares, self_mask=bytes(32)).body())

    actors = cast(6, threshold=4)
    with pytest.raises(Aborted, match="shared another secret"):
        play(actors, said=lambda now, who, it: change(actors, it) if (now, who) == (Kind.SHARES, BAD) else it)
    assert actors.coordinator.offenders == {BAD}
    assert actors.coordinator.sum is None


def test_sealed_shares_that_cannot_be_opened_are_seen_and_survived_while_few():
    """It seals rubbish for two of five, and is opened by the others."""

    def change(_actors, content):
        shares = Shares.read(Reader(content), degree=5)
        rubbish = (bytes(len(shares.sealed[0])),) * 2 + shares.sealed[2:]
        return wrap(Kind.SHARES, content[1:33], replace(shares, sealed=rubbish).body())

    actors = with_a_bad_device(Kind.SHARES, change)
    assert (actors.coordinator.sum == actors.expected(actors.devices)).all()


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
    actors.devices[BAD]._vector = np.full(5, (1 << 20) - 1, np.uint64)
    play(actors)
    moved = (actors.coordinator.sum - honest) % (1 << 20)
    assert (moved == ((1 << 20) - 1 - actors.vectors[BAD]) % (1 << 20)).all()


def test_repeated_offenders_are_not_invited_again(tmp_path):
    offenders = Offenders()
    file = tmp_path / "offenders.json"
    for expected in (True, True, False):
        assert offenders.may_be_invited(BAD) or not expected
        offenders.record({BAD})
        offenders.save(file)
        offenders = read_offenders(file)
    assert not offenders.may_be_invited(BAD)
    assert offenders.may_be_invited(1)
    file.write_text("[]")
    assert read_offenders(file).may_be_invited(BAD)  # lost: they are to be caught again, and no round stops


def test_a_coordinator_is_the_same_whoever_is_asked_first():
    actors = cast(4)
    again = Coordinator(actors.terms, actors.registered)
    for number in reversed(actors.devices):
        content = actors.devices[number].announce()
        actors.coordinator.receive(number, content)
        again.receive(number, content)
    assert actors.coordinator.close() == again.close()
