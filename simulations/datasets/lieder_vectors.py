"""The embedded lieder: one safetensors file with the frozen vectors of every song, and nothing that can be sung.

Per modality: `NAME` (N, D) float16, centred and of unit length; `NAME_present` (N,); `NAME_mean` (D,) float32, what was
subtracted, so that a new song can be encoded alike. The metadata names both encoders and the songs' order.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from shared_model.catalogue import Modality
from shared_model.durable import write_atomically
from shared_model.errors import BadInput

MODALITIES: Final = ("lyrics", "audio")
METADATA: Final = "sottovoce"
FORMAT: Final = "sottovoce vectors 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """One modality of a catalogue and the mean that was subtracted from its raw vectors, (D,) float32."""

    modality: Modality
    mean: NDArray[np.float32]


def fingerprint(track_ids: Sequence[str]) -> str:
    """SHA-256 of the ids, one a line: the order of the rows."""
    return hashlib.sha256("\n".join(track_ids).encode()).hexdigest()


def save_vectors(
    path: Path, vectors: Mapping[str, Embedded], *, track_ids: Sequence[str], encoders: Mapping[str, str]
) -> None:
    """Write both modalities of the tracks, in the order of `track_ids`. encoders: what made each modality."""
    tensors: dict[str, NDArray[np.generic]] = {}
    for name in MODALITIES:
        tensors[name] = vectors[name].modality.vectors.astype(np.float16)
        tensors[f"{name}_present"] = vectors[name].modality.present
        tensors[f"{name}_mean"] = vectors[name].mean
    facts = {"format": FORMAT, "tracks_sha256": fingerprint(track_ids), "encoders": dict(encoders)}
    # one entry, since safetensors writes several in a random order: the same vectors would not give the same bytes
    write_atomically(path, save(tensors, metadata={METADATA: json.dumps(facts, sort_keys=True)}))


def load_vectors(path: Path, *, track_ids: Sequence[str]) -> dict[str, Modality]:
    """Both modalities of the tracks; present rows are of unit length in float32.

    Raises:
        BadInput: the file cannot be read, is truncated or of another kind, or holds other tracks than `track_ids`.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {}).get(METADATA, "{}"))
            if facts.get("format") != FORMAT:
                raise BadInput(f"lieder: {path} is no file of {FORMAT!r}; {_REBUILD}")
            if facts["tracks_sha256"] != fingerprint(track_ids):
                raise BadInput(f"lieder: {path} was built for other songs than the {len(track_ids)} listed; {_REBUILD}")
            return {name: _read(file.get_tensor(name), file.get_tensor(f"{name}_present")) for name in MODALITIES}
    except OSError as error:
        raise BadInput(f"lieder: {path} cannot be read ({error.strerror or error}); {_REBUILD}") from error
    except (SafetensorError, json.JSONDecodeError) as error:
        raise BadInput(f"lieder: {path} is truncated or no safetensors file; {_REBUILD}") from error


def load_centring(path: Path) -> dict[str, tuple[str, NDArray[np.float32]]]:
    """Of each modality of a file that `load_vectors` reads: what encoded it, and the mean that was subtracted, (D,)."""
    with safe_open(path, framework="numpy") as file:
        encoders = json.loads(file.metadata()[METADATA])["encoders"]
        return {name: (encoders[name], file.get_tensor(f"{name}_mean")) for name in MODALITIES}


_REBUILD: Final = "rebuild it with `sottovoce-simulate datasets build lieder`"


def _read(stored: NDArray[np.float16], present: NDArray[np.bool_]) -> Modality:
    """Half precision moves a length by a thousandth: scale it back to one."""
    vectors = stored.astype(np.float32)
    lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.divide(vectors, lengths, out=vectors, where=lengths > 0)
    return Modality(vectors=vectors, present=present)
