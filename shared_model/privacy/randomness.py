"""Where privacy randomness comes from: the operating system where deployed, a keyed stream in a simulation.

Seeding random, numpy or torch does not change a byte of either.
"""

import os
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from shared_model.errors import BadInput

KEY_BYTES = 32
OPERATING_SYSTEM, REPRODUCIBLE = "operating system", "reproducible"


class Randomness(Protocol):
    """A source of uniform bytes. `label` is how reports and manifests name it."""

    @property
    def label(self) -> str:
        """`OPERATING_SYSTEM` or `REPRODUCIBLE`."""

    def draw(self, size_bytes: int) -> bytes:
        """`size_bytes` uniform bytes."""


@dataclass(frozen=True, slots=True)
class OperatingSystemRandomness:
    """os.urandom: what deployed noise and cohorts are drawn from. Each draw is new."""

    @property
    def label(self) -> str:
        """How reports and manifests name it."""
        return OPERATING_SYSTEM

    def draw(self, size_bytes: int) -> bytes:
        """`size_bytes` uniform bytes, never the same again."""
        return os.urandom(size_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRandomness:
    """A simulation's stream: ChaCha20 under a key derived from `key` for one purpose in one round (HKDF-SHA256).

    key: 32 bytes, all of which matter; round: 0 or more. The value names one stream: drawing again gives the same bytes
    from its start, which is what lets a run resume. So whatever must be independent has a purpose or round of its own.
    Raises BadInput for a key of another length or a negative round.
    """

    key: bytes
    purpose: str
    round: int

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise BadInput(f"keyed randomness: the key has {len(self.key)} bytes; give {KEY_BYTES}")
        if not 0 <= self.round < 2**64:
            raise BadInput(f"keyed randomness: round {self.round}; it must be 0 or more")

    @property
    def label(self) -> str:
        """How reports and manifests name it."""
        return REPRODUCIBLE

    def draw(self, size_bytes: int) -> bytes:
        """The first `size_bytes` bytes of this stream."""
        # the round has a fixed length, so no two (round, purpose) pairs read the same
        info = b"sottovoce randomness v1\x00" + self.round.to_bytes(8, "big") + self.purpose.encode()
        stream_key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self.key)
        nonce = bytes(16)  # each stream key is used for one stream only
        return Cipher(ChaCha20(stream_key, nonce), mode=None).encryptor().update(bytes(size_bytes))


def key_from_seed(seed: int) -> bytes:
    """The 32-byte key of a simulation's seed (0 or more, below 2^256), for `KeyedRandomness`. Never a deployed key."""
    if not 0 <= seed < 2**256:
        raise BadInput(f"seed {seed}; it must be 0 or more and below 2^256")
    return seed.to_bytes(KEY_BYTES, "big")


def uniforms(size: int, *, randomness: Randomness) -> NDArray[np.float64]:
    """(size,) float64, uniform over the multiples of 2^-53 in [0, 1)."""
    return (_words(size, randomness=randomness) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def signed_uniforms(size: int, *, randomness: Randomness) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(size,) float64, uniform over the multiples of 2^-53 in (0, 1], and (size,) independent fair signs."""
    words = _words(size, randomness=randomness)
    return ((words >> np.uint64(11)) + np.uint64(1)).astype(np.float64) * 2.0**-53, (words & np.uint64(1)).astype(
        np.bool_
    )


def _words(size: int, *, randomness: Randomness) -> NDArray[np.uint64]:
    return np.frombuffer(randomness.draw(8 * size), dtype="<u8").astype(np.uint64, copy=False)
