"""The bound on what one device can change: an update's global L2 norm, taken over everything that is released.

Letters: K updates, d numbers in each.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from shared_model.errors import BadInput, Refused
from shared_model.privacy.flattening import flatten, unflatten
from shared_model.privacy.plan import CLIP_NORMS

_SHRINK = 1 - 2.0**-20
"""Rounding a product to float32 adds at most 2^-24 relative; this leaves room for it, so the norm never exceeds."""
_CHUNK = 1 << 15
"""Numbers taken to float64 at a time: they stay in the cache, and no whole copy in float64 is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipped:
    """An update (float32) whose global L2 norm is at most `sensitivity`: a sum changes by no more with it."""

    update: dict[str, Tensor]
    sensitivity: float


def clip_update(update: Mapping[str, Tensor], *, clip_norm: float, allowed: Collection[str]) -> Clipped:
    """Scale `update` so that its global L2 norm is at most `clip_norm`, by `clip_rows`, whose guarantee it has.

    Edges: a zero or an empty update stays as it is; NaN, infinity or a number beyond float32 anywhere gives the zero
    update; half precision becomes float32.
    Raises Refused where a tensor is not in `allowed` or does not hold floating-point numbers.
    """
    for name, tensor in update.items():
        if name not in allowed:
            raise Refused(f"update: {name!r} is not among the released parameters; send only those")
        if not tensor.is_floating_point():
            raise Refused(f"update: {name!r} holds {tensor.dtype}; only floating-point parameters are released")
    vector, layout = flatten(update)
    return Clipped(update=unflatten(clip_rows(vector[None], clip_norm=clip_norm)[0], layout), sensitivity=clip_norm)


@torch.no_grad()
def clip_rows(updates: Tensor, *, clip_norm: float) -> Tensor:
    """Scale each row of `updates` (K, d) float32 to an L2 norm of at most `clip_norm`; a new (K, d) float32 tensor.

    Guarantee: norm(output row), taken in float64, <= clip_norm for any input. Sensitivity of the sum of the rows:
    clip_norm, add-or-remove-one. Edges: norm 0 -> unchanged; NaN or infinite anywhere in a row -> that row is zero.
    The same operations run whatever the values are. Raises BadInput for a clip norm outside `CLIP_NORMS`.
    """
    if not CLIP_NORMS[0] <= clip_norm <= CLIP_NORMS[1]:
        raise BadInput(
            f"clipping: clip_norm is {clip_norm:g}; it must lie between {CLIP_NORMS[0]:g} and {CLIP_NORMS[1]:g}"
        )
    columns = max(1, _CHUNK // max(1, len(updates)))
    squares = torch.zeros(len(updates), dtype=torch.float64)
    for chunk in torch.split(updates, columns, dim=1):
        squares += chunk.double().square_().sum(dim=1)
    finite = squares.isfinite()[
        :, None
    ]  # float32 squares cannot overflow float64: only NaN and infinity are not finite
    scale = (_SHRINK * clip_norm / squares.sqrt()).clamp(max=1.0)[:, None]
    clipped = torch.empty_like(updates)
    for chunk, target in zip(torch.split(updates, columns, dim=1), torch.split(clipped, columns, dim=1), strict=True):
        target.copy_(torch.where(finite, chunk.double().mul_(scale), 0.0))
    return clipped
