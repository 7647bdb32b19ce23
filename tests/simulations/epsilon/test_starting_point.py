from itertools import pairwise

import torch

from shared_model.head.batch import Batch
from shared_model.memory.channels import CHANNELS, CHANNELS_OF, PERSONAL
from simulations.epsilon.starting_point import silence, some_of


def test_silence_takes_out_what_reads_the_own_past_and_nothing_else() -> None:
    ones = torch.ones(2, len(CHANNELS), 3)
    rest = {name: torch.zeros(2, 1) for name in Batch._fields if name not in ("evidence", "record")}
    batch = Batch(evidence=ones, record=torch.ones(2, len(CHANNELS)), **rest)
    silence(batch)
    personal = {channel for path in PERSONAL for channel in CHANNELS_OF[path]}
    for place, channel in enumerate(CHANNELS):
        expected = 0.0 if channel in personal else 1.0
        assert (batch.evidence[:, place] == expected).all()
        assert (batch.record[:, place] == expected).all()


def test_a_smaller_share_is_some_of_the_larger_and_never_nobody() -> None:
    public = tuple(range(40))
    kept = [some_of(public, share) for share in (1.0, 0.5, 0.1, 0.001)]
    assert kept[0] == public
    assert [len(each) for each in kept] == [40, 20, 4, 1]
    assert all(set(smaller) <= set(larger) for larger, smaller in pairwise(kept))
    assert some_of(public, 0.1) == kept[2]
