"""A release's file, or the starter that is installed."""

from pathlib import Path

from shared_model.release_0.release import Release0
from shared_model.release_0.release_file import read_release_0
from shared_model.release_0.starter import STARTER


def open_release(named: Path | None) -> Release0:
    """named: by the settings, or else by the federation (`client.enrolment.held`); None is the starter.

    Raises BadInput where the file is missing or damaged.
    """
    return read_release_0(named or STARTER)
