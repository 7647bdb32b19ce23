"""The release that this device recommends with: the one that the settings name, else the starter that is installed."""

from pathlib import Path

from shared_model.release_0.release import Release0
from shared_model.release_0.release_file import read_release_0
from shared_model.release_0.starter import STARTER


def open_release(named: Path | None) -> Release0:
    """Raises BadInput where the file is missing or damaged."""
    return read_release_0(named or STARTER)
