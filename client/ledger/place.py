"""Where a profile's ledger is mirrored: in the keyring, else in the user's state folder, never in the profile's own.

An old copy of the profile's folder that is put back does not bring its old mirror with it.
"""

from dataclasses import dataclass
from pathlib import Path

import platformdirs

from client.keys.keyring_secrets import KeyringSecrets, is_available
from client.ledger.mirror import FileMirror, Mirror, mirror_content, mirror_from
from shared_model.books.chain import Mirrored
from shared_model.errors import Refused

_NAME = "ledger"


@dataclass(frozen=True, slots=True)
class KeyringMirror:
    """In the operating system's keyring."""

    secrets: KeyringSecrets

    def read(self) -> Mirrored | None:
        """As `Mirror.read`."""
        held = self.secrets.read(_NAME)
        return None if held is None else mirror_from(held.encode())

    def write(self, mirrored: Mirrored) -> None:
        """As `Mirror.write`."""
        if not self.secrets.write(_NAME, mirror_content(mirrored).decode()):
            raise Refused("ledger: the keyring does not keep its mirror; unlock the keyring and try again")


def mirror_for(profile: str) -> Mirror:
    """The mirror of the profile with that id."""
    in_keyring = not mirror_file(profile).exists() and is_available()
    return new_mirror(profile, in_keyring=in_keyring)


def new_mirror(profile: str, *, in_keyring: bool) -> Mirror:
    """For a profile that is being made. in_keyring: whether the keyring was seen to keep what it is given."""
    if in_keyring:
        return KeyringMirror(KeyringSecrets(profile))
    file = mirror_file(profile)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileMirror(file)


def forget_mirror(profile: str) -> None:
    """Take it away, wherever it is."""
    KeyringSecrets(profile).forget(_NAME)
    mirror_file(profile).unlink(missing_ok=True)


def mirror_file(profile: str) -> Path:
    """Where it is kept without a keyring."""
    return platformdirs.user_state_path("sottovoce") / "mirrors" / f"{profile}.json"
