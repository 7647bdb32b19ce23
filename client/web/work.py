"""Long work, one piece at a time, beside the page: what it is, how far it is, and how it ended."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from shared_model.errors import SottovoceError

log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]
"""Told how much is done, and of how much in all."""
Task = Callable[[Progress], str]
"""Returns the sentence that it ends with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """name: such as "Importing"; said: the sentence it ended with, None while it goes on; back: the page it is of."""

    name: str
    back: str
    done: int = 0
    total: int = 0
    said: str | None = None
    failed: bool = False


class Work:
    """Ends with the process: every task is one that may be killed at any moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._piece: Piece | None = None

    @property
    def piece(self) -> Piece | None:
        """The one that goes on, or that ended last."""
        return self._piece

    @property
    def goes_on(self) -> bool:
        """Whether there is something to wait for."""
        return self._piece is not None and self._piece.said is None

    def begin(self, name: str, task: Task, *, back: str) -> bool:
        """Whether it was begun: not while another one goes on."""
        with self._lock:
            if self.goes_on:
                return False
            self._piece = Piece(name=name, back=back)
        threading.Thread(target=self._run, args=(task,), daemon=True).start()
        return True

    def _run(self, task: Task) -> None:
        failed = True
        try:
            said, failed = task(self._advance), False
        except SottovoceError as error:
            said = str(error)
        except Exception as error:  # its text could tell of the listener
            log.warning("work.failed cause=%s", type(error).__name__)
            said = "It could not be done. What was done before stays; `sottovoce-client doctor` may say why."
        with self._lock:
            assert self._piece is not None
            self._piece = replace(self._piece, said=said, failed=failed)

    def _advance(self, done: int, total: int) -> None:
        with self._lock:
            assert self._piece is not None
            self._piece = replace(self._piece, done=done, total=total)
