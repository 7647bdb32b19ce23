from pathlib import Path

import pytest

from shared_model.release_0.release import Release0
from shared_model.release_0.release_file import read_release_0, write_release_0
from tests.client.recommend.small import small


@pytest.fixture
def release(tmp_path: Path) -> Release0:
    """A small one, read from its file."""
    write_release_0(small().release, tmp_path / "release", half=False)
    return read_release_0(tmp_path / "release")
