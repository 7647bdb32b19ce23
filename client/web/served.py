"""What one running server holds."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from client.consent.purpose import Purpose
from client.files import HISTORY
from client.profile import Profile
from client.recommend.ask import Answer
from client.web.exported import Exported
from client.web.held import HeldProfile
from client.web.history_counts import HistoryCounts, count_history
from client.web.kept import Kept
from client.web.session import Entrance
from client.web.suggestions import suggest
from client.web.undo import Undo
from client.web.work import Progress, Task, Work

_HOUR_S = 3600


@dataclass(slots=True, kw_only=True)
class Served:
    """clock: Unix seconds; stop: ends the server; address: as the browser and players type it."""

    held: HeldProfile
    entrance: Entrance
    clock: Callable[[], float]
    stop: Callable[[], None]
    address: str
    work: Work = field(default_factory=Work)
    undo: Undo = field(default_factory=Undo)
    exported: Exported = field(default_factory=Exported)
    suggestions: Kept[Answer] = field(init=False)
    counts: Kept[HistoryCounts] = field(init=False)

    def __post_init__(self) -> None:
        store = self.held.folder / HISTORY
        self.suggestions = Kept(
            lambda: suggest(self.profile(), now_s=self.clock()),
            # the hour counts, too, and so does a day that passed
            version=lambda: (version_of(store), int(self.clock()) // _HOUR_S),
        )
        self.counts = Kept(
            lambda: count_history(self.profile().history, at_s=self.clock()), version=lambda: version_of(store)
        )

    def begin_early(self) -> None:
        """What the first pages would wait for, beside them; without consent to it nothing is read."""
        threading.Thread(target=import_module, args=("shared_model.privacy.skellam",), daemon=True).start()  # and scipy
        if self.profile().consents.holds(Purpose.LISTENING):
            self.suggestions.latest(wait_s=0)
            self.counts.latest(wait_s=0)

    def begin(self, name: str, task: Task, *, back: str) -> bool:
        """Long work, after which nothing from before it is shown; whether it was begun."""

        def then_forget(progress: Progress) -> str:
            try:
                return task(progress)
            finally:
                self.suggestions.forget()
                self.counts.forget()

        return self.work.begin(name, then_forget, back=back)

    def profile(self) -> Profile:
        """As it is now. Raises BadInput where it is gone."""
        return self.held.now()


def version_of(database: Path) -> Hashable:
    """Differs when anything was written; also now and then when nothing was."""
    states = []
    for path in (database, database.with_name(database.name + "-wal")):
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        if found.st_size:
            states.append((found.st_size, found.st_mtime_ns))
    return tuple(states)
