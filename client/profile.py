"""One listener's profile on this device: a folder with keys, two encrypted databases, ledger and settings."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from client.consent.consents import Consents
from client.data.retention import apply_retention
from client.files import HISTORY, KEYS, LEDGER, MOOD, SETTINGS, remove_database
from client.keys.key_file import KeyFile, read_key_file, shred_mood
from client.keys.passphrase import ask_for_passphrase, given_passphrase
from client.keys.rotation import finish_rotation, held_holders, rotate, with_passphrase
from client.keys.unlocking import Keys, unlock, with_mood_key
from client.ledger.mirror import Mirror
from client.ledger.place import mirror_for
from client.settings import NO_LIMITS, Settings, read_settings
from client.store.database import create_database, open_database
from shared_model.errors import BadInput


@dataclass(slots=True, kw_only=True, repr=False)
class Profile:
    """An unlocked profile. `open_profile` makes one."""

    folder: Path
    settings: Settings
    history: Engine
    consents: Consents
    _file: KeyFile
    _keys: Keys
    _mood: Engine | None = field(default=None)

    @property
    def id(self) -> str:
        """Random, and known to this device alone."""
        return self._file.profile

    @property
    def opened_by_keyring(self) -> bool:
        """Whether the keyring has a key to it, beside the passphrase."""
        return self._file.current.by_keyring is not None

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.folder / LEDGER

    @property
    def ledger_key(self) -> bytes:
        """What its rows are authenticated by."""
        return self._keys.ledger

    @property
    def mirror(self) -> Mirror:
        """Where the ledger's counter and head are kept apart from it."""
        return mirror_for(self.id)

    def mood(self) -> Engine | None:
        """The database of check-ins, or None where there is none, or where it was shredded."""
        if self._mood is None and self._keys.mood is not None and (self.folder / MOOD).exists():
            self._mood = open_database(self.folder / MOOD, kind="mood", key=self._keys.mood)
        return self._mood

    def mood_for_writing(self) -> Engine:
        """The database of check-ins, made under a new key of its own where there is none."""
        found = self.mood()
        if found is None:
            if self._keys.mood is None:
                self._file, self._keys = with_mood_key(self._file, self._keys)
                self._file.write(self.folder / KEYS)
            assert self._keys.mood is not None
            remove_database(self.folder / MOOD)  # whatever lies there was shredded, or begun by a start that was killed
            found = self._mood = create_database(self.folder / MOOD, kind="mood", key=self._keys.mood)
        return found

    def shred_mood(self) -> bool:
        """Destroy the key of mood answers, and then the file; whether there was anything.

        Killed after the first step, the file is unreadable for ever, and removed when answers are next written.
        """
        held = self._keys.mood is not None or (self.folder / MOOD).exists()
        self._file = shred_mood(self._file, self.folder / KEYS)
        self._keys = Keys(data=self._keys.data, ledger=self._keys.ledger, mood=None)
        self._mood = None
        remove_database(self.folder / MOOD)
        return held

    def rotate_keys(self, passphrase: str) -> None:
        """Encrypt both databases anew. passphrase: the present one. Raises BadInput where it is not."""
        holders = held_holders(self._file, passphrase)
        self._file, self._keys = rotate(self.folder, self._file, self._keys, holders)
        self.history = open_database(self.folder / HISTORY, kind="history", key=self._keys.data)
        self._mood = None

    def change_passphrase(self, new: str) -> None:
        """From now on `new` opens the profile, and the old one does not."""
        self._file = with_passphrase(self._file, self._keys, new)
        self._file.write(self.folder / KEYS)


@contextmanager
def open_profile(
    folder: Path, *, delete_old: bool = True, ask: Callable[[], str | None] = ask_for_passphrase
) -> Iterator[Profile]:
    """The profile of `folder`, unlocked by SOTTOVOCE_PASSPHRASE, else by the keyring, else by asking in the terminal.

    delete_old: whether what is beyond its limits of age is deleted now; who only looks leaves it; ask: for the
    passphrase, None where nobody can be asked.
    Raises BadInput, with nothing changed, where there is none, it cannot be unlocked, or a file of it is missing or
    damaged.
    """
    file = read_key_file(folder / KEYS)
    settings = read_settings(folder / SETTINGS)
    keys, incoming = unlock(file, given=given_passphrase(), ask=ask)
    if file.incoming is not None:
        if incoming is None:
            raise BadInput("profile: keys.json holds half a rotation that this key does not open; restore a backup")
        file, keys = finish_rotation(folder, file, keys, incoming)
    history = open_database(folder / HISTORY, kind="history", key=keys.data)
    profile = Profile(
        folder=folder, settings=settings, history=history, consents=Consents(history), _file=file, _keys=keys
    )
    if delete_old and settings.retention != NO_LIMITS:
        apply_retention(history, profile.mood(), settings.retention, now_s=time.time())
    yield profile
