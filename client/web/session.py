"""Who may see the page: a link that opens it once, a cookie afterwards, and a mark in every form.

All three are sealed with a key that is derived from the profile's: whoever can open the profile can make a link, from
any process, and a cookie outlives a restart of the server.
"""

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LINK_S = 600
SESSION_S = 30 * 86_400
COOKIE = "sottovoce"
_LINK, _SESSION, _FORM = "link", "session", "form"
_NONCE_BYTES = 32


def page_key(ledger_key: bytes) -> bytes:
    """Of the seals below."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"sottovoce page v1").derive(ledger_key)


def new_link(key: bytes, *, now_s: int) -> str:
    """Opens the page once, within ten minutes."""
    return _sealed(key, _LINK, now_s + LINK_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """cookie: as the browser shows it; mark: what a form of this session must bring along."""

    cookie: str
    mark: str

    def allows(self, mark: str) -> bool:
        """Whether a form is of this session, in constant time."""
        return hmac.compare_digest(mark.encode(errors="replace"), self.mark.encode())


class Entrance:
    """Takes each link once. Links from before this server began are not taken: it may have taken them already."""

    def __init__(self, key: bytes, *, began_s: int) -> None:
        self._key, self._began_s = key, began_s
        self._used: dict[str, int] = {}
        self._lock = threading.Lock()

    def enter(self, link: str, *, now_s: int) -> Session | None:
        """A new session, or None."""
        expires_s = _opened(self._key, _LINK, link, now_s=now_s)
        if expires_s is None or expires_s - LINK_S < self._began_s:
            return None
        with self._lock:
            self._used = {used: until for used, until in self._used.items() if until > now_s}
            if link in self._used:
                return None
            self._used[link] = expires_s
        return self._session(_sealed(self._key, _SESSION, now_s + SESSION_S))

    def session(self, cookie: str, *, now_s: int) -> Session | None:
        """That of a cookie, or None."""
        return None if _opened(self._key, _SESSION, cookie, now_s=now_s) is None else self._session(cookie)

    def _session(self, cookie: str) -> Session:
        return Session(cookie=cookie, mark=_mac(self._key, f"{_FORM}.{cookie}"))


def _sealed(key: bytes, kind: str, expires_s: int) -> str:
    said = f"{expires_s}.{secrets.token_hex(_NONCE_BYTES)}"
    return f"{said}.{_mac(key, f'{kind}.{said}')}"


def _opened(key: bytes, kind: str, shown: str, *, now_s: int) -> int | None:
    """When it expires; None for what was not sealed here, or not as this kind, or has expired."""
    said, _, mac = shown.rpartition(".")
    if not hmac.compare_digest(mac.encode(errors="replace"), _mac(key, f"{kind}.{said}").encode()):
        return None
    expires_s = int(said.partition(".")[0])
    return expires_s if now_s < expires_s else None


def _mac(key: bytes, said: str) -> str:
    return hmac.new(key, said.encode(errors="replace"), hashlib.sha256).hexdigest()
