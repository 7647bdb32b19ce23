"""A device's node key, EC P-384 as Flower's nodes have it, and what it signs.

A request is signed with the method's name and a nonce of the coordinator, which is good once and for a minute: no clock
of the device is asked, and nothing that was sent before can be sent again.
"""

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_CONTEXT = b"sottovoce request v1\n"
_ALGORITHM = ec.ECDSA(hashes.SHA256())


def new_node_key() -> ec.EllipticCurvePrivateKey:
    """From the operating system's randomness."""
    return ec.generate_private_key(ec.SECP384R1())


def public_der(key: ec.EllipticCurvePublicKey) -> bytes:
    """SubjectPublicKeyInfo."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def read_public_der(content: bytes) -> ec.EllipticCurvePublicKey:
    """The inverse of `public_der`. Raises ValueError unless it is the one spelling of a key on P-384."""
    try:
        key = serialization.load_der_public_key(content)
    except UnsupportedAlgorithm as error:
        raise ValueError("a node key lies on the curve P-384") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        raise ValueError("a node key lies on the curve P-384")
    if public_der(key) != content:
        raise ValueError("a node key has one spelling")
    return key


def fingerprint(der: bytes) -> bytes:
    """What names a node: SHA-256 of its public key."""
    return hashlib.sha256(der).digest()


def sign_request(key: ec.EllipticCurvePrivateKey, *, method: str, nonce: bytes, body: bytes) -> bytes:
    """By the device. nonce: from `Challenge`."""
    return key.sign(_message(method, nonce, body), _ALGORITHM)


def signed_by(key: ec.EllipticCurvePublicKey, signature: bytes, *, method: str, nonce: bytes, body: bytes) -> bool:
    """Whether `sign_request` of that key's device made it."""
    try:
        key.verify(signature, _message(method, nonce, body), _ALGORITHM)
    except InvalidSignature:
        return False
    return True


def _message(method: str, nonce: bytes, body: bytes) -> bytes:
    digests = (hashlib.sha256(part).digest() for part in (method.encode(), nonce, body))
    return _CONTEXT + b"".join(digests)
