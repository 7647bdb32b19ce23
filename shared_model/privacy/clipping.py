"""The bound on what one device can change: an update's global L2 norm, taken over everything that is released.

Letters: K updates, d numbers in each.
"""

import torch
from torch import Tensor

from shared_model.errors import BadInput
from shared_model.privacy.plan import CLIP_NORMS

_SHRINK = 1 - 2.0**-20
"""Rounding a product to float32 adds at most 2^-24 relative; this leaves room for it, so the norm never exceeds."""
_CHUNK = 1 << 15
"""Numbers taken to float64 at a time: they stay in the cache, and no whole copy in float64 is made."""


@torch.no_grad()
def clip_rows(updates: Tensor, *, clip_norm: float) -> Tensor:
    """Scale each row of `updates` (K, d) to an L2 norm of at most `clip_norm`; a new (K, d) float32 tensor.

    Guarantee: norm(output row), taken in float64, <= clip_norm for any input. Sensitivity of the sum of the rows:
    clip_norm, add-or-remove-one. Edges: norm 0 -> unchanged; NaN or infinite anywhere in a row, or a norm beyond
    float64 -> that row is zero; half precision is clipped after it has become float32.
    The same operations run whatever the values are. Raises BadInput for a clip norm outside `CLIP_NORMS`.
    """
    if not CLIP_NORMS[0] <= clip_norm <= CLIP_NORMS[1]:
        raise BadInput(
            f"clipping: clip_norm is {clip_norm:g}; it must lie between {CLIP_NORMS[0]:g} and {CLIP_NORMS[1]:g}"
        )
    norms = row_norms(updates)[:, None]
    finite = norms.isfinite()
    scale = (_SHRINK * clip_norm / norms).clamp(max=1.0)
    columns = _columns_at_a_time(updates)
    clipped = torch.empty_like(updates, dtype=torch.float32)  # rounding to less would lift a norm again
    for chunk, target in zip(torch.split(updates, columns, dim=1), torch.split(clipped, columns, dim=1), strict=True):
        target.copy_(torch.where(finite, chunk.to(torch.float64, copy=True).mul_(scale), 0.0))
    return clipped


@torch.no_grad()
def row_norms(updates: Tensor) -> Tensor:
    """(K,) float64: L2 norm of each row of `updates` (K, d); NaN or infinite where a row holds either.

    Squares of float32 cannot overflow float64, so that rows of them have no other norm that is not finite.
    """
    squares = torch.zeros(len(updates), dtype=torch.float64)
    for chunk in torch.split(updates, _columns_at_a_time(updates), dim=1):
        squares += chunk.to(torch.float64, copy=True).square_().sum(dim=1)
    return squares.sqrt()


def _columns_at_a_time(updates: Tensor) -> int:
    return max(1, _CHUNK // max(1, len(updates)))
