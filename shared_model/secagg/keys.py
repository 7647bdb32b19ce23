"""Keys of one device for one round, signed by its registered node key."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared_model.books.merkle import includes
from shared_model.books.multiproof import includes_all
from shared_model.wire.node_key import fingerprint, public_der

KEY_BYTES = 32
TAG_BYTES = 16
NODE_KEY_BYTES, SIGNATURE_BYTES = 49, 96
"""A compressed point of P-384 (X9.62), and r and s of an ECDSA signature."""
_KEYS = b"sottovoce secagg keys v1\n"
_SURVIVORS = b"sottovoce secagg survivors v1\n"
_ALGORITHM = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundKeys:
    """Public keys, 32 bytes each: sealing and masking on X25519, signing on Ed25519."""

    sealing: bytes
    masking: bytes
    signing: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSecrets:
    """Their private halves. Every one is new in every round, and is never written anywhere."""

    sealing: X25519PrivateKey = field(repr=False)
    masking: X25519PrivateKey = field(repr=False)
    signing: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def new(cls) -> "RoundSecrets":
        """From the operating system's randomness."""
        return cls(
            sealing=X25519PrivateKey.generate(),
            masking=X25519PrivateKey.generate(),
            signing=Ed25519PrivateKey.generate(),
        )

    def public(self) -> RoundKeys:
        """What others are told."""
        return RoundKeys(
            sealing=self.sealing.public_key().public_bytes_raw(),
            masking=self.masking.public_key().public_bytes_raw(),
            signing=self.signing.public_key().public_bytes_raw(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A node as the registry holds it. node_key: compressed point; position, size, proof: of the fingerprint of its key
    below the registry's root."""

    node_key: bytes
    position: int
    size: int
    proof: tuple[bytes, ...]

    @classmethod
    def of(cls, key: ec.EllipticCurvePublicKey, *, position: int, size: int, proof: tuple[bytes, ...]) -> "Registered":
        """The same, of a key."""
        return cls(node_key=compressed(key), position=position, size=size, proof=proof)

    def key(self, *, registry_root: bytes) -> ec.EllipticCurvePublicKey:
        """Raises ValueError where it is no key, or is not below that root."""
        key = uncompressed(self.node_key)
        leaf = fingerprint(public_der(key))
        if not includes(leaf, self.proof, index=self.position, size=self.size, root=registry_root):
            raise ValueError("a key is not in the registry that was announced")
        return key


def are_registered(
    nodes: Mapping[int, ec.EllipticCurvePublicKey], proof: Sequence[bytes], *, size: int, registry_root: bytes
) -> bool:
    """Whether all of `nodes`, by position, are below the root of a registry of `size`."""
    leaves = {position: fingerprint(public_der(key)) for position, key in nodes.items()}
    return includes_all(leaves, proof, size=size, root=registry_root)


def compressed(key: ec.EllipticCurvePublicKey) -> bytes:
    """X9.62."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)


def uncompressed(node_key: bytes) -> ec.EllipticCurvePublicKey:
    """The inverse of `compressed`. Raises ValueError where it is no key."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), node_key)


def sign_keys(node_key: ec.EllipticCurvePrivateKey, keys: RoundKeys, *, digest: bytes, number: int) -> bytes:
    """By the device registered as `number`, for the round with those terms."""
    r, s = decode_dss_signature(node_key.sign(_about_keys(keys, digest, number), _ALGORITHM))
    return r.to_bytes(SIGNATURE_BYTES // 2, "big") + s.to_bytes(SIGNATURE_BYTES // 2, "big")


def keys_signed_by(
    node_key: ec.EllipticCurvePublicKey, signature: bytes, keys: RoundKeys, *, digest: bytes, number: int
) -> bool:
    """Whether `sign_keys` of that node made it."""
    half = SIGNATURE_BYTES // 2
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    try:
        node_key.verify(encode_dss_signature(r, s), _about_keys(keys, digest, number), _ALGORITHM)
    except InvalidSignature:
        return False
    return True


def sign_survivors(signing: Ed25519PrivateKey, *, roster_digest: bytes, survivors: bytes) -> bytes:
    """64 bytes: this device was shown this list, and no other. signing: its private key of the round."""
    return signing.sign(_SURVIVORS + roster_digest + survivors)


def survivors_signed_by(signing: bytes, signature: bytes, *, roster_digest: bytes, survivors: bytes) -> bool:
    """Whether `sign_survivors` of that device made it."""
    try:
        Ed25519PublicKey.from_public_bytes(signing).verify(signature, _SURVIVORS + roster_digest + survivors)
    except (InvalidSignature, ValueError):
        return False
    return True


def agreed(own: X25519PrivateKey, other: bytes, *, purpose: str, roster_digest: bytes, pair: tuple[int, int]) -> bytes:
    """32 bytes that two devices have in common: X25519, then HKDF-SHA256 bound to purpose, roster and pair.

    Raises ValueError for a public key that gives a secret known to all.
    """
    shared = own.exchange(X25519PublicKey.from_public_bytes(other))
    info = b"sottovoce secagg v1 " + purpose.encode() + bytes(1) + b"".join(each.to_bytes(4, "big") for each in pair)
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=roster_digest, info=info).derive(shared)


def pairwise_seed(own: X25519PrivateKey, other: bytes, *, roster_digest: bytes, pair: tuple[int, int]) -> bytes:
    """Of the mask that the lower of the two numbers adds and the higher one subtracts, the same for both."""
    low, high = sorted(pair)
    return agreed(own, other, purpose="mask", roster_digest=roster_digest, pair=(low, high))


def inclusion_tag(own: X25519PrivateKey, other: bytes, *, roster_digest: bytes, pair: tuple[int, int]) -> bytes:
    """16 bytes that only two devices can make, by their sealing keys: the first of `pair` masked with the second."""
    return agreed(own, other, purpose="included", roster_digest=roster_digest, pair=pair)[:TAG_BYTES]


def _about_keys(keys: RoundKeys, digest: bytes, number: int) -> bytes:
    return _KEYS + digest + number.to_bytes(4, "big") + keys.sealing + keys.masking + keys.signing


def secret_commitment(secret: bytes, *, roster_digest: bytes) -> bytes:
    """32 bytes by which a self-mask's seed, of 256 random bits, is known again."""
    return hashlib.sha256(b"sottovoce secagg self mask v1\n" + roster_digest + secret).digest()
