"""Making a profile: built beside its place and put there in one step, so that it is whole or not there."""

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from client.files import HISTORY, KEYS, LEDGER, SETTINGS
from client.keys.key_file import KeyFile
from client.keys.keyring_secrets import KeyringSecrets
from client.keys.passphrase import Stretching, require_strong
from client.keys.unlocking import KEYRING_KEY, Keys, holders_for
from client.keys.wrapping import new_key
from client.ledger.ledger import create_ledger
from client.ledger.place import forget_mirror, new_mirror
from client.store.database import create_database
from shared_model.books.entries import Opened
from shared_model.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """in_keyring: whether the keyring opens it, too; without, every start needs the passphrase."""

    profile: str
    in_keyring: bool


def begin_profile(folder: Path, *, passphrase: str, budget: Opened) -> Begun:
    """Make keys, an empty history, and a ledger with `budget` for all that this device will ever spend.

    Raises BadInput where the folder is not empty or cannot be written; nothing of it is then changed.
    """
    require_strong(passphrase)
    if (folder / KEYS).exists():
        raise BadInput(f"profile: {folder} is one already; use it, or choose another folder with --dir")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"profile: {folder} exists and is not empty; choose another folder with --dir")
    profile = secrets.token_hex(8)
    scratch = folder.with_name(f".{folder.name}.{profile}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch.mkdir(mode=0o700)
    except OSError as error:
        raise BadInput(f"profile: {folder} cannot be made ({error.strerror}); choose another with --dir") from error
    try:
        stretching = Stretching()
        holders = holders_for(profile, passphrase, stretching)
        keys = Keys(data=new_key(), ledger=new_key(), mood=None)
        create_database(scratch / HISTORY, kind="history", key=keys.data)
        mirror = new_mirror(profile, in_keyring=holders.keyring is not None)
        create_ledger(scratch / LEDGER, budget, key=keys.ledger, mirror=mirror)
        (scratch / LEDGER).chmod(0o600)
        (scratch / SETTINGS).touch(mode=0o600)
        KeyFile(profile=profile, stretching=stretching, current=holders.wrapped(keys, profile)).write(scratch / KEYS)
        scratch.replace(folder)  # also over an empty folder
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        KeyringSecrets(profile).forget(KEYRING_KEY)
        forget_mirror(profile)
        raise
    return Begun(profile=profile, in_keyring=holders.keyring is not None)
