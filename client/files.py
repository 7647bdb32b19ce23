"""The files of a profile's folder, by name."""

from contextlib import suppress
from pathlib import Path

KEYS, HISTORY, MOOD, LEDGER, SETTINGS = "keys.json", "store.db", "mood.db", "ledger.jsonl", "settings.toml"
RELEASES = "releases"
"""Folder of what a federation released, by content."""


def remove_database(path: Path) -> None:
    """The file with its log, if they are there."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()
