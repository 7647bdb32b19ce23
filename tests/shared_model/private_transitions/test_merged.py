import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.catalogue import Catalogue
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.private_transitions.merged import with_pairs
from shared_model.private_transitions.released_pairs import ReleasedPairs

SIZE = 8


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    unknown = np.full(SIZE, -1)
    return Catalogue(
        name="eight", track_ids=[str(track) for track in range(SIZE)], artist=unknown, album=unknown, modalities={}
    )


def released(pairs: dict[tuple[int, int], int]) -> ReleasedPairs:
    keys = np.array(sorted(first * SIZE + second for first, second in pairs), dtype=np.int64)
    devices = np.array([pairs[int(key) // SIZE, int(key) % SIZE] for key in keys], dtype=np.float32)
    return ReleasedPairs(keys=keys, devices=devices, noise="reproducible")


@given(
    history=st.lists(st.integers(0, SIZE - 1), min_size=3, max_size=30),
    pairs=st.dictionaries(
        st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), st.integers(1, 5), max_size=10
    ),
)
@settings(max_examples=40, deadline=None)
def test_a_released_pair_counts_like_so_many_public_listeners_who_played_it(
    catalogue: Catalogue, history: list[int], pairs: dict[tuple[int, int], int]
) -> None:
    public = np.array(history, dtype=np.int64)
    found = with_pairs(fit_public_statistics([public], catalogue), released(pairs))
    more = [np.array(pair, dtype=np.int64) for pair, times in pairs.items() for _ in range(times)]
    expected = fit_public_statistics([public, *more], catalogue)
    np.testing.assert_array_equal(found.follows[0].toarray(), expected.follows[0].toarray())
    np.testing.assert_array_equal(found.precedes[0].toarray(), expected.precedes[0].toarray())
    for lag in range(1, 5):
        np.testing.assert_array_equal(found.follows[lag].toarray(), expected.follows[lag].toarray())
    # as plays only the first of each pair counts: what it was followed by is then a probability
    second = np.bincount([pair[1] for pair, times in pairs.items() for _ in range(times)], minlength=SIZE)
    np.testing.assert_array_equal(found.plays, expected.plays - second)
    assert (found.follows[0].sum(axis=1) <= found.plays + 1e-6).all()


def test_nothing_released_changes_nothing(catalogue: Catalogue) -> None:
    statistics = fit_public_statistics([np.array([1, 2, 3, 1, 2])], catalogue)
    found = with_pairs(statistics, released({}))
    np.testing.assert_array_equal(found.follows[0].toarray(), statistics.follows[0].toarray())
    np.testing.assert_array_equal(found.plays, statistics.plays)
