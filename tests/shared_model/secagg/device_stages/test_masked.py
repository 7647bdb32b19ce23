"""Lists of who is in that lie: the device refuses, and signs none."""

import pytest

from shared_model.errors import Refused
from shared_model.secagg.messages import (
    Delivery,
    Kind,
    Reader,
    Roster,
    places_as_bits,
    wrap,
)
from tests.shared_model.secagg.attacks import VICTIM, acquaintances, alone, attacked, introducing
from tests.shared_model.secagg.rounds import cast, play


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
    gone = sorted(device._stage.seat.chosen)[: graph.degree + 2 - graph.share_threshold]
    assert len(gone) <= 20  # as many as a round may lose
    with pytest.raises(Refused, match="too few of the neighbours"):
        device.reply((wrap(Kind.SURVIVORS, actors.terms.digest, places_as_bits(everyone - set(gone), 200)),))
