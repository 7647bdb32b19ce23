"""Two views of one round: the device refuses, and hands over no share."""

import pytest

from shared_model.secagg.coordinator import Aborted
from shared_model.secagg.messages import (
    Kind,
    Reader,
    agreements_body,
    places_as_bits,
    read_agreements,
    read_unmasking,
    wrap,
)
from tests.shared_model.secagg.attacks import VICTIM, attacked
from tests.shared_model.secagg.rounds import cast, play


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
            held[number] = dict(actors.devices[number]._stage.held)
        return contents

    play(actors, lost={16: Kind.MASKED}, said=said, told=told)
    assert len(handed) == 5
    for number, content in handed.items():
        for dealer, (self_mask, masking_key) in held[number].items():
            wanted, kept = (masking_key, self_mask) if dealer == 5 else (self_mask, masking_key)
            assert wanted in content
            assert kept not in content


@pytest.mark.parametrize("last", [0, 1])
def test_whoever_does_not_prove_that_it_is_masked_with_a_device_is_not_helped_by_it(last):
    """In a drawn graph; the others open it as well."""
    actors = cast(60, threshold=50, honest=20)
    helped, chose = [], []

    def told(stage, number, contents):
        if (stage, number) != (Kind.UNMASKING, VICTIM):
            return contents
        chose.extend(sorted(actors.devices[VICTIM]._stage.held))
        return (contents[0][:-1] + bytes([contents[0][-1] ^ last]),)

    def said(stage, number, content):
        if (stage, number) == (Kind.UNMASKING, VICTIM):
            helped.extend(read_unmasking(Reader(content), devices=60))
        return content

    ended = play(actors, told=told, said=said)
    assert not ended.refused
    assert set(chose) - set(helped) == ({chose[-1]} if last else set())
    assert (actors.coordinator.sum == actors.expected(actors.devices)).all()


@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: content + b"\0"])
def test_proofs_of_another_length_are_a_refusal(change):
    actors = cast(60, threshold=50, honest=20)

    def told(stage, number, contents):
        return (change(contents[0]),) if (stage, number) == (Kind.UNMASKING, VICTIM) else contents

    assert "cannot be read" in play(actors, told=told).refused[VICTIM]
