"""Devices that lie about shares: what was summed stays exact, and who is known to lie is named."""

from dataclasses import replace

import pytest

from shared_model.secagg.coordinator import Aborted
from shared_model.secagg.messages import Kind, Reader, Shares, read_unmasking, unmasking_body, wrap
from tests.shared_model.secagg.bad_devices import BAD, with_a_bad_device
from tests.shared_model.secagg.rounds import cast, play


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
