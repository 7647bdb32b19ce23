"""Two shares for one holder, which the coordinator carries and cannot read or change."""

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from shared_model.secagg.keys import agreed
from shared_model.secagg.shares import SHARE_BYTES

SEALED_BYTES = 2 * SHARE_BYTES + 16
COMMITMENT_BYTES = 16
_ONE_USE = bytes(12)
"""The key is of one round, one sender and one receiver, and seals once."""


def seal(
    shares: tuple[bytes, bytes], own: X25519PrivateKey, receiver: bytes, *, roster_digest: bytes, pair: tuple[int, int]
) -> bytes:
    """shares: of the self mask's seed and of the masking key; pair: numbers of sender and receiver. The roster's digest
    covers run and round."""
    key = agreed(own, receiver, purpose="seal", roster_digest=roster_digest, pair=pair)
    return ChaCha20Poly1305(key).encrypt(_ONE_USE, b"".join(shares), _about(roster_digest, pair))


def unseal(
    sealed: bytes, own: X25519PrivateKey, sender: bytes, *, roster_digest: bytes, pair: tuple[int, int]
) -> tuple[bytes, bytes] | None:
    """None where that sender did not seal it for this receiver in this round."""
    try:
        key = agreed(own, sender, purpose="seal", roster_digest=roster_digest, pair=pair)
        opened = ChaCha20Poly1305(key).decrypt(_ONE_USE, sealed, _about(roster_digest, pair))
    except (InvalidTag, ValueError):
        return None
    return opened[:SHARE_BYTES], opened[SHARE_BYTES:]


def share_commitment(share: bytes) -> bytes:
    """By which the coordinator tells a holder that changes a share. A share has 256 random bits of its own."""
    return hashlib.sha256(b"sottovoce secagg share v1\n" + share).digest()[:COMMITMENT_BYTES]


def _about(roster_digest: bytes, pair: tuple[int, int]) -> bytes:
    return roster_digest + b"".join(each.to_bytes(4, "big") for each in pair)
