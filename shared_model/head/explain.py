"""Why a track is recommended: the share of each path in its score.

Letters: B moments, P paths, C candidates.
"""

import numpy as np
from numpy.typing import NDArray


def path_shares(contributions: NDArray[np.float32], tracks: NDArray[np.int64]) -> NDArray[np.float32]:
    """Shares (B, P) of the paths in the scores of one track a row, at least 0, each row summing to 1.

    contributions: (B, P, C) of what the head says; tracks: (B,) places among the candidates. What speaks against a
    track has no share in recommending it; where nothing speaks for it the row is zero.
    """
    of_track = np.maximum(contributions[np.arange(len(tracks)), :, tracks], 0)
    shares: NDArray[np.float32] = of_track / np.maximum(of_track.sum(1, keepdims=True), np.float32(1e-12))
    return shares
