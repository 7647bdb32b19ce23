"""The stages of a run as a person watches them: what is being done, how far it is, and what it took."""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

Advance = Callable[[float], None]
"""Takes the share of a stage that is done, 0..1."""


class Stages:
    """Shows a bar a stage on `console` (stderr) and keeps wall seconds; quiet where the console is no terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._cpu_started = time.process_time()
        self.seconds: dict[str, float] = {}

    def say(self, sentence: str) -> None:
        """Print a line among the bars."""
        self._console.print(sentence, soft_wrap=True, markup=False, highlight=False)

    @contextmanager
    def stage(self, name: str) -> Iterator[Advance]:
        """Time everything inside under `name`, and show how far it is."""
        started = time.monotonic()
        columns = (TextColumn("{task.description:<28}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, disable=not self._console.is_terminal) as progress:
            task = progress.add_task(name, total=1.0)
            yield lambda share: progress.update(task, completed=share)
            progress.update(task, completed=1.0)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started

    def cost(self) -> dict[str, Any]:
        """What the `cost` block of every result.json holds, child processes (Ray's workers) included."""
        own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            "seconds": time.monotonic() - self._started,
            "cpu_seconds": time.process_time() - self._cpu_started + children.ru_utime + children.ru_stime,
            "peak_mib": max(own.ru_maxrss, children.ru_maxrss) / 1024,
            "stages": self.seconds,
        }
