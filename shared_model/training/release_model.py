"""The model that deployed rounds train: the release's head with a low-rank adapter.

Letters: N tracks, D numbers of a modality's vector.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from shared_model.errors import BadInput
from shared_model.head.adapter import adapt, merged
from shared_model.head.batch import Tables
from shared_model.head.head import AttentiveFusionHead
from shared_model.head.inference import FrozenHead
from shared_model.head.parameters import ParameterLayout
from shared_model.training.local_update import Model


def release_model(
    head: FrozenHead, *, vectors: Sequence[Tensor], present: Sequence[Tensor], rank: int, seed: int
) -> Model:
    """vectors: (N, D) float32 and present: (N,) bool of each modality, in the order of the head's shape.

    `head` is not changed. Every device and the server get the same parameters from the same `rank` and `seed`.
    """
    plain = Tables(history=tuple(vectors), candidates=tuple(vectors), present=tuple(present))
    adapted, tables, released = adapt(_module(head), plain, rank=rank, seed=seed)
    return Model(head=adapted, tables=tables, layout=ParameterLayout.of(adapted, released))


def model_without_tracks(head: FrozenHead, *, rank: int, seed: int) -> Model:
    """As `release_model`, for whoever only needs to know which numbers are released, and where they start."""
    vectors = [torch.zeros(0, size) for _, size in head.shape.modalities]
    present = [torch.zeros(0, dtype=torch.bool) for _ in head.shape.modalities]
    return release_model(head, vectors=vectors, present=present, rank=rank, seed=seed)


def head_of_rounds(head: FrozenHead, parameters: Tensor, *, rank: int, seed: int) -> FrozenHead:
    """A plain head that scores as `head` adapted with `parameters`, (d,) as rounds released them. `head` is unchanged.

    Raises BadInput where they are not finite or of another length.
    """
    model = model_without_tracks(head, rank=rank, seed=seed)
    if parameters.shape != (model.layout.size,):
        raise BadInput(f"head: {tuple(parameters.shape)} parameters, and the adapter has {model.layout.size}")
    model.head.load_state_dict(model.layout.tensors(parameters), strict=False)
    whole = merged(_module(head), model.head, seed=seed)
    numbers = {name: tensor.detach().numpy() for name, tensor in whole.state_dict().items()}
    return FrozenHead(shape=head.shape, parameters=numbers)


def _module(head: FrozenHead) -> AttentiveFusionHead:
    module = AttentiveFusionHead(head.shape)
    module.load_state_dict({name: torch.from_numpy(numbers.copy()) for name, numbers in head.parameters.items()})
    return module
