"""The trained parameters as one vector, which is what is clipped, summed, noised and released.

Letters: d released numbers, K listeners side by side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from shared_model.errors import BadInput


@dataclass(frozen=True, slots=True)
class ParameterLayout:
    """Names and shapes of the released parameters, in the order of their names, each once.

    It is the allow-list of what a reply holds: one row of d numbers, and nothing that has no place in it.
    """

    shapes: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def of(cls, module: nn.Module, names: tuple[str, ...]) -> "ParameterLayout":
        """The layout of those parameters of `module`. Raises BadInput for a name that is no floating parameter."""
        parameters = dict(module.named_parameters())
        for name in sorted(set(names)):
            if name not in parameters or not parameters[name].is_floating_point():
                raise BadInput(f"head: {name} is no floating parameter of this head and cannot be trained in rounds")
        return cls(tuple((name, tuple(parameters[name].shape)) for name in sorted(set(names))))

    @property
    def size(self) -> int:
        """d."""
        return sum(prod(shape) for _, shape in self.shapes)

    def vector(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """(d,) float32 from tensors by name; others in `tensors` are left out."""
        flat = [tensors[name].detach().reshape(-1) for name, _ in self.shapes]
        return torch.cat(flat).to(torch.float32) if flat else torch.zeros(0)

    def tensors(self, vectors: Tensor) -> dict[str, Tensor]:
        """Views by name, (..., *shape), of vectors (..., d)."""
        pieces = torch.split(vectors, [prod(shape) for _, shape in self.shapes], dim=-1)
        named = zip(self.shapes, pieces, strict=True)
        return {name: piece.reshape(*piece.shape[:-1], *shape) for (name, shape), piece in named}
