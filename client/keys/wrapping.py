"""A secret wrapped under another: AES-256-GCM, so that a wrong key is told from a right one."""

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_CONTEXT = b"sottovoce wrapped key v1\n"
_NONCE_BYTES = 12
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Wrapped:
    """Nonce and sealed key, 60 bytes."""

    sealed: bytes


def wrap(secret: bytes, *, under: bytes, purpose: str) -> Wrapped:
    """`secret` (32 bytes) under another key of 32 bytes. purpose: what it is for, so that none is put in its place."""
    nonce = os.urandom(_NONCE_BYTES)
    return Wrapped(nonce + AESGCM(under).encrypt(nonce, secret, _CONTEXT + purpose.encode()))


def unwrap(wrapped: Wrapped, *, under: bytes, purpose: str) -> bytes | None:
    """The secret, or None where `under` is another key, the purpose another, or the bytes were changed."""
    nonce, sealed = wrapped.sealed[:_NONCE_BYTES], wrapped.sealed[_NONCE_BYTES:]
    try:
        return AESGCM(under).decrypt(nonce, sealed, _CONTEXT + purpose.encode())
    except (InvalidTag, ValueError):
        return None


def new_key() -> bytes:
    """32 bytes of the operating system's randomness."""
    return os.urandom(KEY_BYTES)
