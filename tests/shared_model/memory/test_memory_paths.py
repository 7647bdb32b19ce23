import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue, Modality
from shared_model.history import Tracks
from shared_model.memory.channels import CHANNELS, CHANNELS_OF, PERSONAL
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.public_statistics import fit_public_statistics

SIZE = 9
NOTHING = np.empty(0, np.int64)
plays = st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=25).map(lambda tracks: np.array(tracks, np.int64))
others_plays = st.lists(plays, max_size=4)


def tiny_catalogue() -> Catalogue:
    present = np.arange(SIZE) % 3 > 0
    vectors = np.random.default_rng(0).normal(size=(SIZE, 4)).astype(np.float32) * present[:, None]
    return Catalogue(
        name="tiny",
        track_ids=tuple(map(str, range(SIZE))),
        artist=np.array([0, 0, 1, UNKNOWN, 2, 2, UNKNOWN, 1, 3]),
        album=np.array([0, UNKNOWN, 1, 1, 2, 3, UNKNOWN, 1, 0]),
        modalities={"lyrics": Modality(vectors=vectors, present=present)},
    )


def paths_of(log: list[Tracks]) -> MemoryPaths:
    return MemoryPaths.of(fit_public_statistics(log, tiny_catalogue()), tiny_catalogue())


def asked(
    paths: MemoryPaths, tracks: Tracks, positions: NDArray[np.int64], counted: Tracks = NOTHING
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The shortlist at the moments, and the evidence for the whole catalogue."""
    evidence = paths.evidence(paths.around(tracks, counted=counted), tracks, positions)
    every_track = np.broadcast_to(np.arange(SIZE), (len(positions), SIZE))
    return paths.retrieval.shortlist(evidence, 5), evidence.read(every_track)


def assert_same(
    one: tuple[NDArray[np.int64], NDArray[np.float32]], other: tuple[NDArray[np.int64], NDArray[np.float32]]
) -> None:
    np.testing.assert_array_equal(one[1], other[1])
    np.testing.assert_array_equal(one[0], other[0])


@settings(deadline=None, max_examples=60)
@given(own=plays, others=others_plays, share=st.floats(0, 1))
def test_evidence_never_knows_what_the_listener_added_to_the_statistics(
    own: Tracks, others: list[Tracks], share: float
) -> None:
    positions = np.arange(1, len(own) + 1)
    expected = asked(paths_of(others), own, positions)
    for counted in (own, own[: round(share * len(own))]):
        assert_same(asked(paths_of([*others, counted]), own, positions, counted), expected)


@settings(deadline=None, max_examples=60)
@given(own=plays, one=plays, other=plays, others=others_plays)
def test_later_plays_change_nothing_before_them(own: Tracks, one: Tracks, other: Tracks, others: list[Tracks]) -> None:
    paths, positions = paths_of(others), np.arange(1, len(own) + 1)
    assert_same(*(asked(paths, np.r_[own, later], positions) for later in (one, other)))


@settings(deadline=None, max_examples=40)
@given(own=plays, one=plays, other=plays, others=others_plays)
def test_later_plays_change_nothing_though_the_statistics_hold_them(
    own: Tracks, one: Tracks, other: Tracks, others: list[Tracks]
) -> None:
    """What a public listener plays at a moment and after it is neither in its evidence nor in the statistics' share."""
    positions = np.arange(1, len(own) + 1)
    found = []
    for later in (one, other):
        whole = np.r_[own, later]
        found.append(asked(paths_of([*others, whole]), whole, positions, counted=whole))
    assert_same(*found)


@settings(deadline=None, max_examples=40)
@given(own=plays, one=others_plays, other=others_plays)
def test_personal_paths_come_from_the_listener_alone(own: Tracks, one: list[Tracks], other: list[Tracks]) -> None:
    personal = np.isin(CHANNELS, [channel for path in PERSONAL for channel in CHANNELS_OF[path]])
    positions = np.arange(1, len(own) + 1)
    said, as_well = (asked(paths_of(log), own, positions)[1][:, personal] for log in (one, other))
    np.testing.assert_array_equal(said, as_well)


@settings(deadline=None, max_examples=40)
@given(own=plays, others=others_plays)
def test_moments_asked_together_say_what_each_says_alone(own: Tracks, others: list[Tracks]) -> None:
    paths, positions = paths_of(others), np.arange(1, len(own) + 1)
    _, said = asked(paths, own, positions)
    for row, position in enumerate(positions):
        np.testing.assert_array_equal(asked(paths, own, np.array([position]))[1], said[[row]])


@pytest.mark.parametrize("counted", [0, 1, 2, 5])
def test_seeded_bug_plays_that_are_counted_but_not_taken_out_would_be_seen(counted: int) -> None:
    """Where the listener's own plays stay in the statistics, evidence knows the answer."""
    own, others = np.array([0, 4, 2, 7, 5]), [np.array([1, 3, 6])]
    positions = np.arange(1, 5)
    honest = asked(paths_of([*others, own[:counted]]), own, positions, counted=own[:counted])[1]
    leaking = asked(paths_of([*others, own[:counted]]), own, positions)[1]
    assert np.array_equal(honest, leaking) == (counted == 0)
