"""A training that a kill interrupts and the same command continues: weights and Adam's moments, no pickle."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save

from shared_model.durable import write_atomically
from shared_model.encoders.audio_vae import AudioVAE
from shared_model.errors import BadInput

_MODEL, _ADAM = "model.", "adam."


def save_checkpoint(path: Path, vae: AudioVAE, optimizer: torch.optim.Optimizer, *, step: int, about: str) -> None:
    """Write it whole or not at all. about: what the training is of, so that no other continues it."""
    tensors = {f"{_MODEL}{name}": tensor for name, tensor in vae.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"{_ADAM}{index}.{name}": tensor for name, tensor in moments.items()}
    write_atomically(
        path,
        save(
            {name: tensor.contiguous() for name, tensor in tensors.items()},
            metadata={"step": str(step), "about": about},
        ),
    )


def load_checkpoint(path: Path, vae: AudioVAE, optimizer: torch.optim.Optimizer, *, about: str) -> int:
    """Put `vae` and `optimizer` where they were, and return the steps that were done; 0 where there is no file.

    Raises:
        BadInput: it is damaged, or of another training.
    """
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        if metadata.get("about") != about:
            raise BadInput(f"training: {path} is of another training; name another file, or the options it began with")
        tensors = load_file(path)
        vae.load_state_dict({name[len(_MODEL) :]: tensors[name] for name in tensors if name.startswith(_MODEL)})
    except (SafetensorError, RuntimeError) as error:
        raise BadInput(f"training: {path} is damaged; remove it and begin again") from error
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(_ADAM):
            _, index, what = name.split(".")
            moments.setdefault(int(index), {})[what] = tensor
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    return int(metadata["step"])
