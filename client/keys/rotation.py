"""New keys for both databases. Whatever moment it is killed at, the next opening goes on where it was."""

from dataclasses import replace
from pathlib import Path

from client.files import HISTORY, KEYS, MOOD
from client.keys.key_file import KeyFile
from client.keys.passphrase import Stretching
from client.keys.unlocking import DATA, Holders, Keys, holders_for
from client.keys.wrapping import new_key, unwrap, wrap
from client.store.database import change_key, open_database
from shared_model.errors import BadInput


def rotate(folder: Path, file: KeyFile, keys: Keys, holders: Holders) -> tuple[KeyFile, Keys]:
    """Encrypt everything anew under new keys, which `holders` wrap. The ledger's key stays, as its rows do."""
    incoming = Keys(data=new_key(), ledger=keys.ledger, mood=None if keys.mood is None else new_key())
    begun = replace(file, incoming=holders.wrapped(incoming, file.profile))
    begun.write(folder / KEYS)
    return finish_rotation(folder, begun, keys, incoming)


def finish_rotation(folder: Path, file: KeyFile, keys: Keys, incoming: Keys) -> tuple[KeyFile, Keys]:
    """Bring both databases to the incoming keys, those of them that are not there yet, and drop the old keys."""
    assert file.incoming is not None
    for kind, name, old, new in (
        ("history", HISTORY, keys.data, incoming.data),
        ("mood", MOOD, keys.mood, incoming.mood),
    ):
        path = folder / name
        if old is None or new is None or not path.exists():
            continue
        try:
            engine = open_database(path, kind=kind, key=old)
        except BadInput:
            open_database(path, kind=kind, key=new)  # raises where it is neither
            continue
        change_key(engine, new)
    finished = replace(file, current=file.incoming, incoming=None)
    finished.write(folder / KEYS)
    return finished, incoming


def held_holders(file: KeyFile, passphrase: str) -> Holders:
    """What new keys are to be wrapped under; a keyring that has no key of this profile yet is given one.

    Raises BadInput where this is not the profile's passphrase.
    """
    if unwrap(file.current.by_passphrase, under=file.stretching.key(passphrase), purpose=file.profile + DATA) is None:
        raise BadInput("key: this is not the profile's recovery passphrase; nothing was changed, try again")
    return holders_for(file.profile, passphrase, file.stretching)


def with_passphrase(file: KeyFile, keys: Keys, passphrase: str) -> KeyFile:
    """The same keys, wrapped under another passphrase."""
    stretching = Stretching()
    wrapped = wrap(keys.data, under=stretching.key(passphrase), purpose=file.profile + DATA)
    return replace(file, stretching=stretching, current=replace(file.current, by_passphrase=wrapped))
