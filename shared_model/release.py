"""A release: the shared parameters with a signed manifest, in one safetensors file.

The file's only metadata entry holds {"body": {"manifest": .., "model_sha256": ..}, "signature": .., "signer": ..} as
canonical JSON; the Ed25519 signature covers the canonical bytes of the body. Same content and key, same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from shared_model.durable import write_atomically
from shared_model.errors import BadInput
from shared_model.manifest import Manifest
from shared_model.release_envelope import METADATA_KEY, hash_of, opened, sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release whose hash and signature hold.

    tensors: shared parameters, float32; signer_known: whether the signature is by a key that the reader brought.
    """

    tensors: dict[str, Tensor]
    manifest: Manifest
    model_sha256: str
    signer_known: bool

    @property
    def verdict(self) -> str:
        """What was verified, in words."""
        return "signed by the given key" if self.signer_known else "self-consistent, signer unknown"

    @property
    def may_be_promoted(self) -> bool:
        """Whether devices may be given it: a known signer, and a manifest that allows it."""
        return self.signer_known and self.manifest.may_be_promoted


def model_hash(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256, in hexadecimal, over names (sorted), shapes and little-endian float32 numbers.

    Raises BadInput for another type of number, and for NaN or infinity.
    """
    raw = []
    for name, tensor in tensors.items():
        if tensor.dtype != torch.float32 or not tensor.detach().isfinite().all():
            raise BadInput(f"release: {name!r} must hold finite float32 numbers, and is {tensor.dtype}; convert it")
        numbers = tensor.detach().cpu().contiguous().numpy().astype("<f4", copy=False).tobytes()
        raw.append((name, tuple(tensor.shape), numbers))
    return hash_of(raw)


def write_release(
    path: Path, tensors: Mapping[str, Tensor], *, manifest: Manifest, private_key: Ed25519PrivateKey
) -> None:
    """Sign and write, atomically. Raises BadInput where `model_hash` does or the folder cannot be written."""
    envelope = sealed(manifest, model_sha256=model_hash(tensors), private_key=private_key)
    # clones, since views of one flat vector share memory, which safetensors does not store
    clones = {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}
    content = save(clones, metadata={METADATA_KEY: envelope.decode()})
    try:
        write_atomically(path, content)
    except OSError as error:
        raise BadInput(f"release {path}: cannot be written ({error.strerror}); choose another folder") from error


def read_release(path: Path, *, key: Ed25519PublicKey | None) -> Release:
    """Read and verify: tensors against the signed hash, the body against the signature, the signer against `key`.

    Without a `key` the release can only be consistent with itself, and says so. Raises BadInput for anything amiss.
    """
    tensors, metadata = _read_safetensors(path)
    if metadata is None or METADATA_KEY not in metadata:
        raise BadInput(f"release {path}: holds tensors but no sottovoce manifest; give a file that sottovoce released")
    body, signer = opened(path, metadata[METADATA_KEY].encode())
    if key is not None and key.public_bytes_raw() != signer:
        raise BadInput(f"release {path}: signed by another key ({signer.hex()[:16]}...); do not use it")
    if body["model_sha256"] != model_hash(tensors):
        raise BadInput(f"release {path}: the tensors are not those that were signed; fetch the file again")
    return Release(
        tensors=tensors,
        manifest=Manifest.from_json(body["manifest"]),
        model_sha256=body["model_sha256"],
        signer_known=key is not None,
    )


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str] | None]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118  not a mapping
    except (SafetensorError, OSError) as error:
        raise BadInput(
            f"release {path}: not a whole safetensors file ({error}); fetch it again or give another path"
        ) from error
