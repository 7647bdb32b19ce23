"""From a key file to keys: by the keyring where it answers, else by the recovery passphrase."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from client.keys.key_file import KeyFile, KeySet
from client.keys.keyring_secrets import KeyringSecrets
from client.keys.passphrase import ENVIRONMENT, Stretching
from client.keys.wrapping import KEY_BYTES, Wrapped, new_key, unwrap, wrap
from shared_model.errors import BadInput

DATA, LEDGER, MOOD = "data", "ledger", "mood"
KEYRING_KEY = "key"
"""Name of the keyring's key among the profile's secrets."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Keys:
    """Unlocked: of the history database, of the ledger's rows, of the mood database (None: there is none)."""

    data: bytes
    ledger: bytes
    mood: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Holders:
    """The keys that data keys are wrapped under. keyring: None where none answers."""

    keyring: bytes | None
    passphrase: bytes

    def wrapped(self, keys: Keys, profile: str) -> KeySet:
        """All of `keys`, wrapped."""
        under = {"under": keys.data}
        return KeySet(
            by_keyring=None if self.keyring is None else wrap(keys.data, under=self.keyring, purpose=profile + DATA),
            by_passphrase=wrap(keys.data, under=self.passphrase, purpose=profile + DATA),
            ledger=wrap(keys.ledger, purpose=profile + LEDGER, **under),
            mood=None if keys.mood is None else wrap(keys.mood, purpose=profile + MOOD, **under),
        )


def holders_for(profile: str, passphrase: str, stretching: Stretching) -> Holders:
    """The keyring's key, made where a keyring has none yet and keeps it, and the passphrase's."""
    keyring = keyring_key(profile)
    if keyring is None:
        made = new_key()
        keyring = made if KeyringSecrets(profile).write(KEYRING_KEY, made.hex()) else None
    return Holders(keyring=keyring, passphrase=stretching.key(passphrase))


def keyring_key(profile: str) -> bytes | None:
    """What the keyring has for the profile, or None where that is no key."""
    held = KeyringSecrets(profile).read(KEYRING_KEY)
    try:
        key = bytes.fromhex(held or "")
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None


def with_mood_key(file: KeyFile, keys: Keys) -> tuple[KeyFile, Keys]:
    """The same with a new key for mood answers."""
    mood = new_key()
    sealed = wrap(mood, under=keys.data, purpose=file.profile + MOOD)
    return replace(file, current=replace(file.current, mood=sealed)), replace(keys, mood=mood)


def unlock(file: KeyFile, *, given: str | None, ask: Callable[[], str | None]) -> tuple[Keys, Keys | None]:
    """The current keys, and those that a killed rotation was on the way to.

    given: a passphrase that was given beforehand, used without asking the keyring; ask: asks the listener, None where
    nobody can be asked. Raises BadInput, with nothing changed, where neither opens them.
    """
    if given is None and file.current.by_keyring is not None:
        held = keyring_key(file.profile)
        if held is not None:
            found = _opened(file, held, lambda keys: keys.by_keyring)
            if found is not None:
                return found
    passphrase = given if given is not None else ask()
    if passphrase is None:
        lost = "the keyring does not have this profile's key" if file.current.by_keyring else "it has no keyring"
        raise BadInput(
            f"profile: it is locked, and {lost}; set {ENVIRONMENT} to the recovery passphrase, or start in a terminal"
        )
    found = _opened(file, file.stretching.key(passphrase), lambda keys: keys.by_passphrase)
    if found is None:
        raise BadInput("profile: this is not its recovery passphrase; nothing was changed, try again")
    return found


def _opened(file: KeyFile, holder: bytes, which: Callable[[KeySet], Wrapped | None]) -> tuple[Keys, Keys | None] | None:
    current = _keys(file.current, file.profile, holder, which)
    if current is None:
        return None
    return current, None if file.incoming is None else _keys(file.incoming, file.profile, holder, which)


def _keys(keys: KeySet, profile: str, holder: bytes, which: Callable[[KeySet], Wrapped | None]) -> Keys | None:
    wrapped = which(keys)
    data = None if wrapped is None else unwrap(wrapped, under=holder, purpose=profile + DATA)
    if data is None:
        return None
    ledger = unwrap(keys.ledger, under=data, purpose=profile + LEDGER)
    if ledger is None:
        raise BadInput("profile: the ledger's key in keys.json was changed; put keys.json back from a backup")
    mood = None if keys.mood is None else unwrap(keys.mood, under=data, purpose=profile + MOOD)
    return Keys(data=data, ledger=ledger, mood=mood)  # a mood key that is being shredded reads as none
