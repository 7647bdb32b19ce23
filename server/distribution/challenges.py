"""Nonces that a device signs: good once, for a minute, and for this process.

Nothing is kept for a nonce that was given out, so that asking for many costs no memory: it carries its own time and
a code under a key that dies with the process. Only those that were used are kept, until they are too old.
"""

import hmac
import secrets
import threading
from collections.abc import Callable

from shared_model.wire.limits import NONCE_LIFE_S

_TIME_BYTES, _RANDOM_BYTES, _CODE_BYTES = 8, 16, 32


class Challenges:
    """clock: seconds that never go back, whatever is done to the computer's date. Safe from many threads."""

    def __init__(self, clock: Callable[[], float], *, life_s: float = NONCE_LIFE_S) -> None:
        self._clock, self._life_s = clock, life_s
        self._key = secrets.token_bytes(32)
        self._used: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def issue(self) -> bytes:
        """A new one."""
        about = int(self._clock() * 1000).to_bytes(_TIME_BYTES, "big") + secrets.token_bytes(_RANDOM_BYTES)
        return about + self._code(about)

    def spend(self, nonce: bytes) -> bool:
        """Whether it is one of ours, still good and never spent before; then it is spent."""
        about, code = nonce[:-_CODE_BYTES], nonce[-_CODE_BYTES:]
        if len(nonce) != _TIME_BYTES + _RANDOM_BYTES + _CODE_BYTES or not hmac.compare_digest(code, self._code(about)):
            return False
        now_s = self._clock()
        made_s = int.from_bytes(about[:_TIME_BYTES], "big") / 1000
        if now_s - made_s > self._life_s:
            return False
        with self._lock:
            if nonce in self._used:
                return False
            while self._used and now_s - next(iter(self._used.values())) > 2 * self._life_s:
                del self._used[next(iter(self._used))]
            self._used[nonce] = now_s
        return True

    def _code(self, about: bytes) -> bytes:
        return hmac.digest(self._key, about, "sha256")
