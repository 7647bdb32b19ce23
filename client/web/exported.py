"""An export that waits to be fetched, on disk without a name: a kill leaves nothing readable behind."""

import threading
from typing import BinaryIO

KEPT_S = 600


class Exported:
    """Of the last export; for ten minutes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[BinaryIO, float] | None = None

    def offers(self, *, now_s: float) -> bool:
        """Whether there is one to fetch."""
        with self._lock:
            if self._kept is not None and now_s >= self._kept[1]:
                self._kept[0].close()
                self._kept = None
            return self._kept is not None

    def keep(self, file: BinaryIO, *, now_s: float) -> None:
        """From now on this one."""
        self.forget()
        with self._lock:
            self._kept = (file, now_s + KEPT_S)

    def take(self) -> BinaryIO | None:
        """The file, once; whoever takes it closes it."""
        with self._lock:
            kept, self._kept = self._kept, None
        return None if kept is None else kept[0]

    def forget(self) -> None:
        """Nothing is kept."""
        file = self.take()
        if file is not None:
            file.close()
