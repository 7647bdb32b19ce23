import torch
from hypothesis import given
from hypothesis import strategies as st

from shared_model.head.explain import path_shares


def test_a_share_is_the_part_of_the_score_that_speaks_for_the_track():
    contributions = torch.tensor([[[0.0, 3.0], [0.0, 1.0]], [[2.0, 9.0], [-1.0, 9.0]], [[-1.0, 9.0], [0.0, 9.0]]])
    shares = path_shares(contributions, torch.tensor([1, 0, 0]))
    torch.testing.assert_close(shares, torch.tensor([[0.75, 0.25], [1.0, 0.0], [0.0, 0.0]]))


@given(st.integers(0, 2**31))
def test_shares_are_a_distribution_wherever_something_speaks_for_the_track(seed):
    draw = torch.Generator().manual_seed(seed)
    contributions, tracks = torch.randn(6, 4, 9, generator=draw), torch.randint(9, (6,), generator=draw)
    shares = path_shares(contributions, tracks)
    assert (shares >= 0).all()
    speaks = torch.stack([contributions[row, :, track].max() > 0 for row, track in enumerate(tracks)])
    torch.testing.assert_close(shares.sum(1), speaks.float())
