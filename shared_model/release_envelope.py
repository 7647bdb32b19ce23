"""The signed part of a release, without its tensors' library: an auditor checks a release without torch."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared_model import canonical_json
from shared_model.canonical_json import JsonValue
from shared_model.errors import BadInput
from shared_model.manifest import Manifest

METADATA_KEY = "sottovoce.release"
_SIGNATURE_CONTEXT = b"sottovoce release v1\n"
_LONGEST_HEADER = 100_000_000
"""Bytes; safetensors' own limit."""


def sealed(manifest: Manifest, *, model_sha256: str, private_key: Ed25519PrivateKey) -> bytes:
    """The envelope: manifest and hash of the tensors, signed."""
    body: dict[str, JsonValue] = {"manifest": manifest.to_json(), "model_sha256": model_sha256}
    envelope: dict[str, JsonValue] = {
        "body": body,
        "signature": private_key.sign(_SIGNATURE_CONTEXT + canonical_json.encode(body)).hex(),
        "signer": private_key.public_key().public_bytes_raw().hex(),
    }
    return canonical_json.encode(envelope)


def opened(path: Path, envelope: bytes) -> tuple[dict[str, Any], bytes]:
    """The signed body, `manifest` and `model_sha256`, and the raw key of its signer. Raises BadInput."""
    value = canonical_json.decode(envelope, what=f"release {path}, manifest")
    try:
        body = value["body"]
        signer, signature = bytes.fromhex(value["signer"]), bytes.fromhex(value["signature"])
        Ed25519PublicKey.from_public_bytes(signer).verify(signature, _SIGNATURE_CONTEXT + canonical_json.encode(body))
        if set(value) != {"body", "signature", "signer"} or set(body) != {"manifest", "model_sha256"}:
            raise ValueError("a field too many")
        if value["signer"] != signer.hex() or value["signature"] != signature.hex():
            raise ValueError("hexadecimal in another spelling")
    except (KeyError, TypeError, ValueError, InvalidSignature) as error:
        raise BadInput(
            f"release {path}: the signature does not fit the manifest, which was changed after signing; "
            "fetch the file again"
        ) from error
    return body, signer


def hash_of(tensors: Iterable[tuple[str, Sequence[int], bytes]]) -> str:
    """SHA-256, in hexadecimal, over (name, shape, little-endian float32 numbers), names in order."""
    digest = hashlib.sha256()
    for name, shape, numbers in sorted(tensors):
        digest.update(canonical_json.encode({"name": name, "shape": list(shape)}) + b"\n")
        digest.update(numbers)
    return digest.hexdigest()


def read_raw(path: Path) -> tuple[bytes, str]:
    """The envelope of a release and the hash of the tensors that lie beside it, read without any tensor library.

    By the safetensors format: 8 bytes of little-endian length, a JSON header, the numbers. Raises BadInput.
    """
    try:
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        if not 2 <= length <= min(len(content) - 8, _LONGEST_HEADER):
            raise ValueError("no header")
        header, numbers = json.loads(content[8 : 8 + length]), memoryview(content)[8 + length :]
        envelope = header.pop("__metadata__")[METADATA_KEY].encode()
        tensors, end = [], 0
        for name, about in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            first, last = about["data_offsets"]
            if about["dtype"] != "F32" or first != end or not first <= last <= len(numbers):
                raise ValueError(f"{name} is not float32, or does not follow the one before")
            tensors.append((name, about["shape"], bytes(numbers[first:last])))
            end = last
        if end != len(numbers):
            raise ValueError("numbers beyond the last tensor")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"release {path}: not a whole safetensors file with a sottovoce manifest ({error}); fetch it again"
        ) from error
    return envelope, hash_of(tensors)
