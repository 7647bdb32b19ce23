"""The state of a run on disk, one file a round, so that a killed run goes on from its last finished round."""

import json
from dataclasses import asdict
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open

from server.round import RoundRecord, RoundState
from shared_model.durable import write_atomically
from shared_model.errors import BadInput
from shared_model.privacy.matrix_factorisation import NoiseMemory


def save(state: RoundState, folder: Path) -> None:
    """Write the state after `state.round`; synced before this returns."""
    tensors = {"vector": state.vector, "velocity": state.velocity}
    records = json.dumps([asdict(record) for record in state.records])
    metadata = {"round": str(state.round), "records": records}
    if state.clip_norm is not None:
        metadata["clip_norm"] = state.clip_norm.hex()
    if state.noise_memory is not None:
        metadata["noise_round"] = str(state.noise_memory.round)
        tensors["noise_memory"] = torch.from_numpy(state.noise_memory.rows)
    content = safetensors.torch.save(tensors, metadata=metadata)
    write_atomically(path(folder, state.round), content)


def load(file: Path) -> RoundState:
    """Raises BadInput when the file is no checkpoint or is damaged."""
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            memory = None
            if "noise_round" in metadata:
                rows = opened.get_tensor("noise_memory").numpy()
                memory = NoiseMemory(round=int(metadata["noise_round"]), rows=rows)
            return RoundState(
                round=int(metadata["round"]),
                vector=opened.get_tensor("vector"),
                velocity=opened.get_tensor("velocity"),
                records=tuple(
                    RoundRecord(**{**record, "quality": tuple(record.get("quality", ()))})
                    for record in json.loads(metadata["records"])
                ),
                clip_norm=float.fromhex(metadata["clip_norm"]) if "clip_norm" in metadata else None,
                noise_memory=memory,
            )
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"checkpoint: {file} cannot be read ({error}); remove it, and the run goes on from the last one before it"
        ) from error


def latest(folder: Path) -> RoundState | None:
    """The last finished round, or None before the first."""
    files = sorted(folder.glob("round-*.safetensors"))
    return load(files[-1]) if files else None


def path(folder: Path, number: int) -> Path:
    """Where the state after round `number` is kept."""
    return folder / f"round-{number:05d}.safetensors"
