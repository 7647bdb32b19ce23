"""Small secrets in the operating system's keyring; every failure of it counts as "there is none"."""

from dataclasses import dataclass

_SERVICE = "sottovoce"
_LEAST_PRIORITY = 1
"""Backends below it are stand-ins that keep nothing, or keep it in the clear."""


@dataclass(frozen=True, slots=True)
class KeyringSecrets:
    """The secrets of one profile. profile: its id, which is random and says nothing."""

    profile: str

    def read(self, name: str) -> str | None:
        """The secret, or None where there is none or no keyring answers."""
        from keyring import get_keyring
        from keyring.errors import KeyringError

        if not is_available():
            return None
        try:
            return get_keyring().get_password(_SERVICE, f"{self.profile}.{name}")
        except (KeyringError, OSError):
            return None

    def write(self, name: str, secret: str) -> bool:
        """Keep it; whether it is there when read again."""
        from keyring import get_keyring
        from keyring.errors import KeyringError

        if not is_available():
            return False
        try:
            get_keyring().set_password(_SERVICE, f"{self.profile}.{name}", secret)
        except (KeyringError, OSError):
            return False
        return self.read(name) == secret

    def forget(self, name: str) -> None:
        """Take it away, if it is there."""
        from keyring import get_keyring
        from keyring.errors import KeyringError

        if is_available():
            try:
                get_keyring().delete_password(_SERVICE, f"{self.profile}.{name}")
            except (KeyringError, OSError):
                return


def is_available() -> bool:
    """Whether this session has a keyring that keeps secrets."""
    from keyring import get_keyring  # a tenth of a second, which a start with a passphrase does without

    try:
        return float(get_keyring().priority) >= _LEAST_PRIORITY
    except (RuntimeError, OSError):
        return False
