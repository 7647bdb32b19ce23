"""watch: plays of the players on this computer's desktop, as they end."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from client.commands.options import DEFAULT_FOLDER, Folder

EPILOG = "Example: sottovoce-client watch"


def watch(folder: Folder = DEFAULT_FOLDER) -> None:
    """Add what players on this desktop play to the history, until it is stopped with Ctrl-C.

    Players are heard by MPRIS on the D-Bus session bus. A play counts when half the track or four minutes were heard.
    """
    from client.ingest.live import LiveHistory
    from client.ingest.mpris import Moment
    from client.ingest.mpris_bus import watch_players
    from client.profile import open_profile

    stored = 0
    with open_profile(folder) as profile, _asked_to_end() as asked:
        profile.consents.listening()
        live = LiveHistory(profile.history)
        print("watch: listening to players; Ctrl-C ends it", file=sys.stderr, flush=True)
        for listen in watch_players(lambda: Moment(time.time(), time.monotonic()), stopped=lambda: bool(asked)):
            stored += live.record([listen])
            live.close()
    print(f"watch: {stored:,} {'play' if stored == 1 else 'plays'} added", file=sys.stderr)


@contextmanager
def _asked_to_end() -> Iterator[list[int]]:
    """The signals that asked for it so far: a track that is under way is to be counted before the end."""
    asked: list[int] = []
    before = {
        each: signal.signal(each, lambda number, _frame: asked.append(number))
        for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield asked
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
