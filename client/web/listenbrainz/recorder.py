"""Submissions of several players at once into the history: those that wait for the disk share its next transaction.

A submission is answered when its plays are on disk. While nothing comes the database is let go.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from client.ingest.live import LiveHistory
from shared_model.listen import Listen

IDLE_S = 1.0
Waiting = tuple[Sequence[Listen], "asyncio.Future[None]"]


class Recorder:
    """Of one event loop. Its thread is the only one that touches `live`."""

    def __init__(self, live: LiveHistory) -> None:
        self._live = live
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="listens")
        self._waiting: list[Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._letting_go: asyncio.TimerHandle | None = None

    async def record(self, listens: Sequence[Listen]) -> None:
        """Returns when they are on disk. Raises what `LiveHistory.record` raises, and then none of them is."""
        if not listens:
            return
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((listens, stored))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await stored

    async def close(self) -> None:
        """Finish what was begun, and let go of the database."""
        if self._writing is not None:
            await self._writing
        if self._letting_go is not None:
            self._letting_go.cancel()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._live.close)
        self._thread.shutdown()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        if self._letting_go is not None:
            self._letting_go.cancel()
        while self._waiting:
            taken, self._waiting = self._waiting, []
            every = [listen for listens, _ in taken for listen in listens]
            error: BaseException | None = None
            try:
                await loop.run_in_executor(self._thread, self._live.record, every)
            except Exception as raised:  # each of those who wait is told
                error = raised
            for _, stored in taken:
                if not stored.done():  # a player may have hung up
                    stored.set_result(None) if error is None else stored.set_exception(error)
        self._writing = None
        self._letting_go = loop.call_later(IDLE_S, self._thread.submit, self._live.close)
