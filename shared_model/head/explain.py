"""Why a track is recommended: the share of each path in its score.

Letters: B moments, P paths, C candidates.
"""

import torch
from torch import Tensor


def path_shares(contributions: Tensor, tracks: Tensor) -> Tensor:
    """Shares (B, P) of the paths in the scores of one track a row, at least 0, each row summing to 1.

    contributions: (B, P, C) of a `HeadOutput`; tracks: (B,) places among the candidates. What speaks against a track
    has no share in recommending it; where nothing speaks for it the row is zero.
    """
    of_track = contributions[torch.arange(len(tracks)), :, tracks].clamp(min=0)
    return of_track / of_track.sum(1, keepdim=True).clamp(min=1e-12)
