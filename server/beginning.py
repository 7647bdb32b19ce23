"""Making a coordinator: built beside its place and put there in one step, so that it is whole or not there."""

import datetime
import secrets
import shutil
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.keys.authority import issue, new_authority
from server.keys.key_files import public_pem, write_private_key
from server.keys.signing import log_signer
from server.place import Place
from server.registry.database import create_registry
from server.round_log.log import RoundLog
from server.settings import Settings, toml
from shared_model.durable import write_atomically
from shared_model.errors import BadInput


def begin_coordinator(root: Path, settings: Settings, *, now: datetime.datetime) -> Place:
    """Make keys, certificates, an empty registry and an empty log. now: with its time zone.

    Raises BadInput where the folder is not empty or cannot be written; nothing of it is then changed.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise BadInput(f"coordinator: {root} exists and is not empty; a coordinator is never made over another one")
    scratch = root.with_name(f".{root.name}.{secrets.token_hex(4)}")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        scratch.mkdir(mode=0o700)
    except OSError as error:
        raise BadInput(f"coordinator: {root} cannot be made ({error.strerror}); choose another folder") from error
    try:
        _fill(Place(scratch), settings, now)
        scratch.replace(root)  # also over an empty folder
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return Place(root)


def _fill(place: Place, settings: Settings, now: datetime.datetime) -> None:
    place.keys.mkdir(mode=0o700)
    authority = new_authority(settings.federation, settings.hosts, now=now)
    server = issue(authority, settings.hosts, now=now)
    log, release = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    for path, key in (
        (place.authority_key, authority.key),
        (place.server_key, server.key),
        (place.log_key, log),
        (place.release_key, release),
    ):
        write_private_key(path, key)
    write_atomically(place.authority, authority.pem)
    write_atomically(place.certificate, server.pem)
    write_atomically(place.log_public, public_pem(log.public_key()))
    write_atomically(place.release_public, public_pem(release.public_key()))
    create_registry(place.registry)
    signer = log_signer(place, settings)
    RoundLog(place.log, verifier=signer.verifier, signer=signer)
    (place.releases / "files").mkdir(parents=True)
    write_atomically(place.settings, toml(settings))
