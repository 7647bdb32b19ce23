"""One vector for all tensors of an update, in the order of their sorted names, and back."""

from collections.abc import Mapping

import torch
from torch import Tensor

Layout = tuple[tuple[str, torch.Size], ...]
"""Names in sorted order, each with its shape."""


def flatten(update: Mapping[str, Tensor]) -> tuple[Tensor, Layout]:
    """The update as one (d,) float32 vector and the layout that `unflatten` needs. Empty gives (0,)."""
    layout = tuple((name, update[name].shape) for name in sorted(update))
    if not layout:
        return torch.zeros(0), layout
    return torch.cat([update[name].detach().reshape(-1).to(torch.float32) for name, _ in layout]), layout


def unflatten(vector: Tensor, layout: Layout) -> dict[str, Tensor]:
    """The tensors of `layout` as views of `vector` (d,), d being the sum of their sizes."""
    pieces = torch.split(vector, [shape.numel() for _, shape in layout])
    return {name: piece.view(shape) for (name, shape), piece in zip(layout, pieces, strict=True)}
