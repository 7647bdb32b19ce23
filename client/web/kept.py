"""What takes longer to work out than a page may take: the page shows the last one, and the next is made meanwhile."""

import logging
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from shared_model.errors import SottovoceError

log = logging.getLogger(__name__)
T = TypeVar("T")


class Kept(Generic[T]):
    """make: works it out, in a thread of its own; version: of what it is made of, cheap to read."""

    def __init__(self, make: Callable[[], T], *, version: Callable[[], Hashable]) -> None:
        self._make, self._version = make, version
        self._changed = threading.Condition()
        self._made: T | None = None
        self._made_of: Hashable = object()
        self._fault: str | None = None
        self._busy = False
        self._forgotten = 0

    def latest(self, *, wait_s: float) -> tuple[T | None, str | None]:
        """The newest there is, and a sentence where it could not be made. Waits only where there is none yet."""
        with self._changed:
            version = self._version()
            if version != self._made_of and not self._busy:
                self._busy = True
                threading.Thread(target=self._work, args=(version, self._forgotten), daemon=True).start()
            if self._made is None and self._busy:
                self._changed.wait(wait_s)
            return self._made, self._fault

    def forget(self) -> None:
        """What there is may not be shown any more."""
        with self._changed:
            self._made, self._made_of, self._fault = None, object(), None
            self._forgotten += 1
            self._busy = False  # whatever is being made was made of what is forgotten

    def _work(self, version: Hashable, forgotten: int) -> None:
        made, fault = None, None
        try:
            made = self._make()
        except SottovoceError as error:
            fault = str(error)
        except Exception as error:  # its text could tell of the listener
            log.warning("page.not_made cause=%s", type(error).__name__)
            fault = "This could not be worked out; `sottovoce-client doctor` may say why."
        with self._changed:
            if forgotten != self._forgotten:
                return
            self._made, self._fault, self._made_of, self._busy = made, fault, version, False
            self._changed.notify_all()
