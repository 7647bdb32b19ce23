"""A key from the recovery passphrase, by Argon2id (RFC 9106)."""

import getpass
import os
import sys
import unicodedata
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from shared_model.errors import BadInput

ENVIRONMENT = "SOTTOVOCE_PASSPHRASE"
SHORTEST = 10
"""Characters. Argon2id at these costs tries some ten a second and core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretching:
    """Parameters of one passphrase: RFC 9106's second recommended option, with a salt of its own."""

    salt: bytes = field(default_factory=lambda: os.urandom(16))
    memory_kib: int = 65_536
    iterations: int = 3
    lanes: int = 4

    def key(self, passphrase: str) -> bytes:
        """32 bytes. The same letters typed on another keyboard give the same key (Unicode NFC)."""
        stretched = Argon2id(
            salt=self.salt, length=32, iterations=self.iterations, lanes=self.lanes, memory_cost=self.memory_kib
        )
        return stretched.derive(unicodedata.normalize("NFC", passphrase).encode())


def require_strong(passphrase: str) -> str:
    """Raises BadInput for a passphrase that is too short to recover anything safely."""
    if len(passphrase) < SHORTEST:
        raise BadInput(f"passphrase: it has {len(passphrase)} characters; take at least {SHORTEST}, such as four words")
    return passphrase


def given_passphrase() -> str | None:
    """That of the environment, or None."""
    return os.environ.get(ENVIRONMENT) or None


def ask_for_passphrase(prompt: str = "Recovery passphrase: ") -> str | None:
    """What a person types, unseen; None where there is no terminal."""
    return getpass.getpass(prompt) if sys.stdin.isatty() else None
