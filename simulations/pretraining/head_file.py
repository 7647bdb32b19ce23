"""Release 0 on disk, unsigned: a stage of a run that need not be trained again."""

from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError

from shared_model.durable import write_atomically
from shared_model.errors import BadInput
from shared_model.head.head import AttentiveFusionHead


def save_head(head: AttentiveFusionHead, path: Path) -> None:
    """Write all of its parameters."""
    write_atomically(path, safetensors.torch.save(head.state_dict()))


def load_head(head: AttentiveFusionHead, path: Path) -> None:
    """Set the parameters of `head`. Raises BadInput where the file is damaged or of another head."""
    try:
        head.load_state_dict(safetensors.torch.load_file(path))
    except (SafetensorError, OSError, RuntimeError) as error:
        raise BadInput(f"release 0: {path} does not fit this head ({error}); remove it to train it again") from error
