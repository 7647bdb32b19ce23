"""The profile of a server that runs for weeks, while commands change it: keys, settings, and days that pass."""

import threading
from collections.abc import Callable
from pathlib import Path

from client.data.retention import apply_retention
from client.files import KEYS, SETTINGS
from client.profile import Profile, open_profile
from client.settings import NO_LIMITS, read_settings
from shared_model.errors import BadInput

_DAY_S = 86_400


class HeldProfile:
    """Opened, and opened again when another process changed its keys: a first check-in, a withdrawal, a rotation."""

    def __init__(self, profile: Profile, *, clock: Callable[[], float]) -> None:
        self._profile, self._clock = profile, clock
        self._lock = threading.Lock()
        self._seen = _state_of(profile.folder / KEYS)
        self._day = int(clock()) // _DAY_S

    @property
    def folder(self) -> Path:
        """Of the profile."""
        return self._profile.folder

    def now(self) -> Profile:
        """With the settings of now, and nothing in it that is beyond its limits of age.

        Raises BadInput where it was erased, or its keys were changed and only a passphrase opens them.
        """
        with self._lock:
            state = _state_of(self.folder / KEYS)
            if state is None:
                raise BadInput("profile: it was erased; nothing is left to show")
            if state != self._seen:
                self._reopen()
                self._seen = state
            self._profile.settings = read_settings(self.folder / SETTINGS)
            self._apply_retention()
            return self._profile

    def changed_here(self) -> None:
        """What this process changed in the keys is known to it."""
        with self._lock:
            self._seen = _state_of(self.folder / KEYS)

    def _reopen(self) -> None:
        try:
            with open_profile(self.folder, ask=lambda: None) as profile:
                self._profile = profile
        except BadInput as error:
            raise BadInput(
                f"profile: its keys were changed by another command; start `serve` again ({error})"
            ) from error

    def _apply_retention(self) -> None:
        day, limits = int(self._clock()) // _DAY_S, self._profile.settings.retention
        if day != self._day and limits != NO_LIMITS:
            apply_retention(self._profile.history, self._profile.mood(), limits, now_s=self._clock())
        self._day = day


def _state_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
