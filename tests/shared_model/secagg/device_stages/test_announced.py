"""Rosters that lie: the device refuses, and no secret comes out of it, then or later."""

from dataclasses import replace

import pytest

from shared_model.errors import Refused
from shared_model.secagg.graph import Graph
from shared_model.secagg.messages import (
    Kind,
    Roster,
)
from tests.shared_model.secagg.attacks import (
    VICTIM,
    alone,
    attacked,
    changed_roster,
)


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


def test_fewer_honest_devices_in_a_sum_than_were_announced():
    """A drawn graph where the complete one was needed."""
    actors, roster = alone(60, Graph(devices=60, degree=30, share_threshold=25), threshold=50, honest=50)
    with pytest.raises(Refused, match="as many honest"):
        actors.devices[VICTIM].reply((roster,))
