"""The token that players show: a UUID, since ListenBrainz' are, in a file of its own, sealed under the ledger's key.

Not in the database, of which an export gives every table.
"""

import hmac
import uuid
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from client.files import TOKEN
from client.keys.wrapping import KEY_BYTES, Wrapped, unwrap, wrap
from shared_model.durable import write_atomically
from shared_model.errors import BadInput

_PURPOSE = "player token"


def new_player_token(folder: Path, *, ledger_key: bytes) -> str:
    """Make one; an earlier one is good for nothing from now on."""
    token = str(uuid.uuid4())  # of the operating system's randomness, 122 bits
    write_atomically(folder / TOKEN, wrap(token.encode(), under=_holder(ledger_key), purpose=_PURPOSE).sealed)
    (folder / TOKEN).chmod(0o600)
    return token


def player_token(folder: Path, *, ledger_key: bytes) -> str | None:
    """The one there is, or None. Raises BadInput where its file was changed."""
    try:
        sealed = (folder / TOKEN).read_bytes()
    except FileNotFoundError:
        return None
    token = unwrap(Wrapped(sealed), under=_holder(ledger_key), purpose=_PURPOSE)
    if token is None:
        raise BadInput("token: its file was changed; make a new one with `sottovoce-client token --new`")
    return token.decode()


class PlayerToken:
    """Compares what players show with the token of now, also when `token --new` replaced it meanwhile."""

    def __init__(self, folder: Path, *, ledger_key: bytes) -> None:
        self._folder, self._ledger_key = folder, ledger_key
        self._seen: tuple[int, int] | None = None
        self._token: bytes | None = None

    def accepts(self, shown: str) -> bool:
        """In constant time. No token, or a damaged one, is nobody's."""
        token = self._now()
        return hmac.compare_digest(shown.encode(errors="replace"), token or b"") and token is not None

    def _now(self) -> bytes | None:
        try:
            found = (self._folder / TOKEN).stat()
            if (found.st_ino, found.st_mtime_ns) != self._seen:
                token = player_token(self._folder, ledger_key=self._ledger_key)
                self._token = None if token is None else token.encode()
                self._seen = (found.st_ino, found.st_mtime_ns)
        except (OSError, BadInput):
            self._seen, self._token = None, None
        return self._token


def _holder(ledger_key: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"sottovoce player token v1").derive(
        ledger_key
    )
