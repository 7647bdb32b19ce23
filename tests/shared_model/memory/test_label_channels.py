from collections.abc import Callable
from itertools import pairwise
from math import log, log1p, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.memory.channels import strength
from shared_model.memory.label_channels import (
    ARTIST_DECAY,
    FORGETTING,
    RECENT_ARTISTS,
    RUN,
    RUN_PLAYS,
    album_channels,
    artist_channels,
)
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.memory.surroundings import NEAR_PRIOR_PLAYS, PRIOR_PLAYS, surroundings

LABELS = (0, 0, 1, UNKNOWN, 2, 2, UNKNOWN, 3)
"""Of each track: artist or album."""
SIZE, ARTISTS = len(LABELS), 4
CATALOGUE = Catalogue(
    name="tiny",
    track_ids=tuple(map(str, range(SIZE))),
    artist=np.array(LABELS),
    album=np.array(LABELS),
    modalities={},
)
plays = st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=30)
others_plays = st.lists(plays, max_size=4)
Log = list[list[int]]
Slow = Callable[[Log, list[int], int], float]


def known(log: list[int]) -> list[int]:
    return [label for label in log if label != UNKNOWN]


def times(others: Log, before: int, after: int) -> int:
    """How often artists followed each other, over tracks by nobody known."""
    pairs = [pair for log in others for pair in pairwise(known(log))]
    return pairs.count((before, after))


def played(others: Log, label: int) -> int:
    return sum(log.count(label) for log in others)


def as_strength(weight: float) -> float:
    return float(strength(np.array([weight], np.float32))[0])


def slow_same(others: Log, past: list[int], label: int) -> float:
    return float(past[-1] == label)


def slow_run(others: Log, past: list[int], label: int) -> float:
    return past[-RUN:].count(label) / RUN_PLAYS


def slow_habit(others: Log, past: list[int], label: int) -> float:
    ages = [age for age, played in enumerate(reversed(past), start=1) if played == label]
    return log1p(3 * sum(age**-FORGETTING for age in ages)) / log(4)


def slow_own_next(others: Log, past: list[int], label: int) -> float:
    if past[-1] == UNKNOWN:
        return 0.0
    after = [two for one, two in pairwise(past) if one == past[-1]]
    return as_strength(after.count(label) / (len(after) + 1))


def slow_next(others: Log, past: list[int], label: int) -> float:
    if past[-1] == UNKNOWN:
        return 0.0
    return as_strength(times(others, past[-1], label) / (played(others, past[-1]) + float(PRIOR_PLAYS)))


def slow_near(others: Log, past: list[int], label: int) -> float:
    weight = 0.0
    for ago, heard in enumerate(reversed(past[-RECENT_ARTISTS:])):
        if heard != UNKNOWN:
            together = times(others, heard, label) + times(others, label, heard)
            prior = float(NEAR_PRIOR_PLAYS)
            damping = (played(others, heard) + prior) * (played(others, label) + prior)
            weight += ARTIST_DECAY**ago * together / sqrt(damping)
    return as_strength(weight)


SLOW_ARTIST: dict[str, Slow] = {
    "same_artist": slow_same,
    "artist_next": slow_next,
    "artist_near": slow_near,
    "artist_run": slow_run,
    "own_artist": slow_habit,
    "own_artist_next": slow_own_next,
}
SLOW_ALBUM: dict[str, Slow] = {"same_album": slow_same, "album_run": slow_run, "own_album": slow_habit}


def artists_of(others: Log, own: list[int], positions: list[int]) -> dict[str, NDArray[np.float32]]:
    statistics = fit_public_statistics([np.array(log) for log in others], CATALOGUE)
    around = surroundings(statistics, CATALOGUE, np.array(own), own=fit_public_statistics([], CATALOGUE))
    said = artist_channels(around, CATALOGUE.artist[own], np.array(positions), ARTISTS)
    return {name: evidence.toarray() for name, evidence in said.items()}


def albums_of(own: list[int], positions: list[int]) -> dict[str, NDArray[np.float32]]:
    said = album_channels(CATALOGUE.album[own], np.array(positions), ARTISTS)
    return {name: evidence.toarray() for name, evidence in said.items()}


def assert_slow(
    found: dict[str, NDArray[np.float32]], slow: dict[str, Slow], others: Log, own: list[int], positions: list[int]
) -> None:
    by_label = [[LABELS[track] for track in log] for log in others]
    labels = [LABELS[track] for track in own]
    for name in found.keys() & slow.keys():
        for row, position in enumerate(positions):
            expected = [slow[name](by_label, labels[:position], label) for label in range(ARTISTS)]
            np.testing.assert_allclose(found[name][row], expected, rtol=1e-4, atol=1e-5, err_msg=f"{name} {position}")


@settings(deadline=None, max_examples=40)
@given(others=others_plays, own=plays)
def test_each_channel_of_artists_agrees_with_loops_over_the_plays(others: Log, own: list[int]) -> None:
    positions = list(range(1, len(own) + 1))
    assert_slow(artists_of(others, own, positions), SLOW_ARTIST, others, own, positions)


@settings(deadline=None, max_examples=40)
@given(plays)
def test_each_channel_of_albums_agrees_with_loops_over_the_plays(own: list[int]) -> None:
    positions = list(range(1, len(own) + 1))
    assert_slow(albums_of(own, positions), SLOW_ALBUM, [], own, positions)


def test_every_channel_has_a_slow_reference() -> None:
    channels = artists_of([], [0], [1]).keys() | albums_of([0], [1]).keys()
    if unchecked := sorted(channels - SLOW_ARTIST.keys() - SLOW_ALBUM.keys()):
        pytest.skip(f"no slow reference yet: {', '.join(unchecked)}")


@settings(deadline=None, max_examples=40)
@given(others=others_plays, own=plays, later=plays)
def test_later_plays_change_nothing(others: Log, own: list[int], later: list[int]) -> None:
    positions = list(range(1, len(own) + 1))
    alone = artists_of(others, own, positions) | albums_of(own, positions)
    followed = artists_of(others, own + later, positions) | albums_of(own + later, positions)
    for name, said in alone.items():
        assert said.tobytes() == followed[name].tobytes(), name


def test_tracks_by_nobody_known_say_nothing() -> None:
    own, positions = [3, 6, 3], [1, 2, 3]
    for said in (artists_of([[3, 6, 0, 1]], own, positions) | albums_of(own, positions)).values():
        assert not said.any()
