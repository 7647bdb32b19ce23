"""A model as its rounds need it, on disk: head, frozen tables, and which parameters are released.

One safetensors file; its metadata holds the shape of the head. No pickle: reading it runs no code.
"""

import json
from dataclasses import asdict
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from shared_model.errors import BadInput
from shared_model.head.adapter import unset_adapter
from shared_model.head.batch import Tables
from shared_model.head.head import AttentiveFusionHead
from shared_model.head.parameters import ParameterLayout
from shared_model.head.shape import HeadShape
from shared_model.training.local_update import Model

HEAD, TABLES = "head.", "tables."


def save_model(model: Model, path: Path) -> None:
    """Write `model`. Not atomic: it is written before anyone is told of it."""
    tensors = {HEAD + name: tensor for name, tensor in model.head.state_dict().items()}
    for field, rows in model.tables._asdict().items():
        tensors |= {f"{TABLES}{field}.{modality}": tensor for modality, tensor in enumerate(rows)}
    metadata = {
        "shape": json.dumps(asdict(model.head.shape)),
        "released": json.dumps([name for name, _ in model.layout.shapes]),
    }
    # cloned, since an unadapted head reads one table for history and candidates, and safetensors takes no views
    safetensors.torch.save_file({name: tensor.clone() for name, tensor in tensors.items()}, path, metadata=metadata)


def load_model(path: Path) -> Model:
    """The model that `save_model` wrote. Raises BadInput where the file is damaged or is no model."""
    try:
        with safe_open(path, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - it is no mapping
        shape = json.loads(metadata["shape"])
        shape["modalities"] = tuple((name, size) for name, size in shape["modalities"])
        head = _head(HeadShape(**shape), _below(HEAD, tensors))
        released = tuple(json.loads(metadata["released"]))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise BadInput(f"model: {path} cannot be read ({error}); write it again") from error
    modalities = range(len(head.shape.modalities))
    rows = _below(TABLES, tensors)
    tables = Tables(*(tuple(rows[f"{field}.{modality}"] for modality in modalities) for field in Tables._fields))
    return Model(head=head, tables=tables, layout=ParameterLayout.of(head, released))


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _head(shape: HeadShape, state: dict[str, Tensor]) -> AttentiveFusionHead:
    """An adapted head tells itself by the names of its tensors, and its rank by their shape."""
    head = AttentiveFusionHead(shape)
    second_factor = state.get("inward.0.up.weight")
    if second_factor is not None:
        unset_adapter(head, rank=second_factor.shape[1])
    head.load_state_dict(state)
    return head
