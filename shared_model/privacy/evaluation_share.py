"""How an update and the quality beside it share what a round may tell: by the squares of their norms.

As the clipping bit of Andrew et al. 2021 (arXiv 1905.03871), theorem 1. Server, device and plan go by these alone.
"""

import math

MOST_EVALUATION_SHARE = 0.5


def vector_norm(clip_norm: float, *, evaluation_share: float) -> float:
    """Bound on the L2 norm of all that a device sends. evaluation_share: quality's part of its square, 0 <= f < 1."""
    return clip_norm / math.sqrt(1 - evaluation_share)


def quality_norm(clip_norm: float, *, evaluation_share: float) -> float:
    """Bound on the L2 norm of the quality behind an update of norm `clip_norm`, at most; 0 where it has no share."""
    return clip_norm * math.sqrt(evaluation_share / (1 - evaluation_share))
