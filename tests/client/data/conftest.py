"""A copy of a profile that opens quickly."""

import shutil
from pathlib import Path

import pytest

from tests.client.prepared import make_profile


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new profile, and the user's state folder with its mirror."""
    root = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(root / "state"))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        make_profile(root / "profile")
    return root


@pytest.fixture
def folder(made: Path, headless: Path, tmp_path: Path) -> Path:
    """Of a profile in which nothing is stored."""
    shutil.copytree(made / "state", headless / "state")
    return shutil.copytree(made / "profile", tmp_path / "profile")
