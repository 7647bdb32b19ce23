import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared_model.head.explain import path_shares


def test_a_share_is_the_part_of_the_score_that_speaks_for_the_track():
    said = [[[0.0, 3.0], [0.0, 1.0]], [[2.0, 9.0], [-1.0, 9.0]], [[-1.0, 9.0], [0.0, 9.0]]]
    shares = path_shares(np.array(said, np.float32), np.array([1, 0, 0]))
    np.testing.assert_allclose(shares, [[0.75, 0.25], [1.0, 0.0], [0.0, 0.0]])


@given(st.integers(0, 2**31))
def test_shares_are_a_distribution_wherever_something_speaks_for_the_track(seed):
    draw = np.random.default_rng(seed)
    contributions, tracks = draw.normal(size=(6, 4, 9)).astype(np.float32), draw.integers(9, size=6)
    shares = path_shares(contributions, tracks)
    assert (shares >= 0).all()
    speaks = [contributions[row, :, track].max() > 0 for row, track in enumerate(tracks)]
    np.testing.assert_allclose(shares.sum(1), speaks, rtol=1e-5)
