"""The files of a profile's folder, by name."""

from contextlib import suppress
from pathlib import Path

KEYS, HISTORY, MOOD, LEDGER, SETTINGS = "keys.json", "store.db", "mood.db", "ledger.jsonl", "settings.toml"
TOKEN = "player.token"  # noqa: S105 - the name of a file
RELEASES = "releases"
"""Folder of what a federation released, by content."""
NODE = "node"
"""Folder of what Flower's SuperNode keeps while this device takes part in rounds."""
NEXT_NODE_KEY = "next-node.key"
"""Wrapped; there while a federation is asked to know this device by another key."""


def remove_database(path: Path) -> None:
    """The file with its log, if they are there."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()
