from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared_model.private_transitions.own_pairs import own_pairs

TRACKS = st.lists(st.integers(0, 6), max_size=60)


def slow(tracks: list[int], *, size: int, most: int) -> list[int]:
    played = [(a * size + b) for a, b in pairwise(tracks) if a != b]
    last = {pair: place for place, pair in enumerate(played)}
    times = Counter(played)
    return sorted(sorted(times, key=lambda pair: (-times[pair], -last[pair]))[:most])


@given(tracks=TRACKS, most=st.integers(1, 12))
def test_the_pairs_played_most_often_and_of_equals_last_are_said(tracks: list[int], most: int) -> None:
    assert own_pairs(np.array(tracks, np.int64), catalogue_size=7, most=most).tolist() == slow(
        tracks, size=7, most=most
    )


@given(tracks=TRACKS, most=st.integers(1, 12), times=st.integers(1, 4))
def test_no_device_says_more_than_was_fixed_however_often_it_plays(tracks: list[int], most: int, times: int) -> None:
    keys = own_pairs(np.array(tracks * times, np.int64), catalogue_size=7, most=most)
    assert len(keys) <= most
    assert (np.diff(keys) > 0).all()
