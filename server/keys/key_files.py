"""Private keys on disk: PKCS #8 in PEM, readable by their owner alone from the first byte on."""

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from shared_model.errors import BadInput

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


def write_private_key(path: Path, key: PrivateKey) -> None:
    """A new file, 0600 and synced. Raises FileExistsError where there is one."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())


def read_private_key(path: Path) -> PrivateKey:
    """Raises BadInput, without showing any of it, where it is missing, damaged or open to others."""
    try:
        if path.stat().st_mode & 0o077:
            raise BadInput(f"keys: {path} can be read by others; `chmod 600` it, and think of who may have read it")
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise BadInput(f"keys: {path} cannot be read ({error.strerror}); put it back from a backup") from error
    except (ValueError, TypeError) as error:
        raise BadInput(f"keys: {path} holds no key in PEM; put it back from a backup") from error
    if not isinstance(key, PrivateKey):
        raise BadInput(f"keys: {path} holds another kind of key; put it back from a backup")
    return key


def public_pem(key: PublicKey) -> bytes:
    """SubjectPublicKeyInfo in PEM."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
