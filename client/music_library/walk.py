"""The audio files of a folder and of the folders in it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared_model.errors import BadInput

SUFFIXES: Final = frozenset(
    {
        *(".mp3", ".mp2", ".flac", ".ogg", ".oga", ".opus", ".wav", ".w64", ".aif", ".aiff", ".aifc"),
        *(".m4a", ".m4b", ".aac", ".wma", ".spx"),  # tracks all the same, though libsndfile does not decode them
    }
)
"""What is taken for audio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """files: absolute, by folder and name; unreadable: folders, and files whose names are no text."""

    files: tuple[Path, ...]
    unreadable: tuple[Path, ...]


def audio_files(folder: Path) -> Walked:
    """Every audio file under `folder`, the same order each time. Links are followed, each folder is entered once.

    Hidden files and folders (with a leading dot) are left out.

    Raises:
        BadInput: `folder` is no folder, cannot be read, or holds no audio file.
    """
    root = folder.absolute()
    if not root.is_dir():
        raise BadInput(f"scan: {folder} is no folder; name the folder of your music")
    files: list[Path] = []
    unreadable: list[Path] = []
    entered: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        current = waiting.pop()
        try:
            status = current.stat()
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            with os.scandir(current) as listing:
                entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
        except OSError:
            unreadable.append(current)
            continue
        folders = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = current / entry.name
            if _is_folder(entry):
                folders.append(path)
            elif path.suffix.lower() in SUFFIXES:
                (files if _is_text(entry.name) else unreadable).append(path)
        waiting += reversed(folders)
    if unreadable == [root]:
        raise BadInput(f"scan: {folder} cannot be read; mend its permissions")
    if not files:
        raise BadInput(f"scan: there is no audio file in {folder}; is it the right folder, and is its disk there?")
    return Walked(files=tuple(files), unreadable=tuple(unreadable))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_text(name: str) -> bool:
    """Whether a file's name can be kept: on Linux it may be any bytes, and the store keeps text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
