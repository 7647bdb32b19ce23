"""The node key on disk: wrapped under a key that is derived from the ledger's, which outlives a rotation of the others.

It lies in the encrypted database, and wrapped once more, so that an export of all tables holds no key.
"""

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from client.keys.wrapping import KEY_BYTES, Wrapped, unwrap, wrap
from shared_model.errors import BadInput

_PURPOSE = "node key"


def wrapped_node_key(key: EllipticCurvePrivateKey, *, ledger_key: bytes) -> bytes:
    """For the store."""
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return wrap(der, under=_holder(ledger_key), purpose=_PURPOSE).sealed


def unwrapped_node_key(sealed: bytes, *, ledger_key: bytes) -> EllipticCurvePrivateKey:
    """The inverse of `wrapped_node_key`. Raises BadInput where it was changed."""
    der = unwrap(Wrapped(sealed), under=_holder(ledger_key), purpose=_PURPOSE)
    key = None if der is None else serialization.load_der_private_key(der, password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise BadInput("federation: this device's node key was changed; leave the federation and join anew")
    return key


def _holder(ledger_key: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"sottovoce node key v1").derive(
        ledger_key
    )
