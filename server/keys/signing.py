"""Who signs what, under which name: the log its checkpoints, the release key its manifests."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from server.keys.key_files import read_private_key
from server.place import Place
from server.settings import Settings
from shared_model.books.notes import Signer, Verifier
from shared_model.errors import BadInput


def log_signer(place: Place, settings: Settings) -> Signer:
    """Of checkpoints and heads. Raises BadInput where the key cannot be read."""
    return Signer(name=log_name(settings), private_key=_ed25519(place.log_key))


def release_signer(place: Place, settings: Settings) -> Signer:
    """Of release manifests. Raises BadInput where the key cannot be read."""
    return Signer(name=release_name(settings), private_key=_ed25519(place.release_key))


def log_verifier(place: Place, settings: Settings) -> Verifier:
    """Without the private key."""
    return Verifier(name=log_name(settings), public_key=_public(place.log_public))


def release_verifier(place: Place, settings: Settings) -> Verifier:
    """Without the private key."""
    return Verifier(name=release_name(settings), public_key=_public(place.release_public))


def log_name(settings: Settings) -> str:
    """The origin of the federation's log."""
    return f"{settings.federation}/rounds"


def release_name(settings: Settings) -> str:
    """What releases are signed as."""
    return f"{settings.federation}/releases"


def _ed25519(path: Path) -> Ed25519PrivateKey:
    key = read_private_key(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(f"keys: {path} is no Ed25519 key; put it back from a backup")
    return key


def _public(path: Path) -> bytes:
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadInput(f"keys: {path} cannot be read ({error}); put it back from a backup") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadInput(f"keys: {path} is no Ed25519 key; put it back from a backup")
    return key.public_bytes_raw()
