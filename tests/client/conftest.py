"""Real encrypted databases in a temporary folder."""

import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from client.beginning import begin_profile
from client.store.database import create_database
from shared_model.books.entries import Opened

KEY = bytes(range(32))


@pytest.fixture
def history(tmp_path: Path) -> Engine:
    """An empty history database."""
    return create_database(tmp_path / "store.db", kind="history", key=KEY)


@pytest.fixture
def mood(tmp_path: Path) -> Engine:
    """An empty database of mood answers, under a key of its own."""
    return create_database(tmp_path / "mood.db", kind="mood", key=KEY[::-1])


PASSPHRASE = "forelle linde mond vogel"


@pytest.fixture
def headless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No keyring, a passphrase in the environment, and user folders of its own; returns their root."""
    root = tmp_path / "home"
    for name in ("STATE", "CACHE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(root / name.lower()))
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("SOTTOVOCE_PASSPHRASE", PASSPHRASE)
    return root


@pytest.fixture
def folder(headless: Path, tmp_path: Path) -> Path:
    """Of a new profile."""
    budget = Opened(device_cap=20.0, delta=1e-6, max_participations=500, monthly_cap=8.0)
    begin_profile(tmp_path / "profile", passphrase=PASSPHRASE, budget=budget)
    return tmp_path / "profile"


def everything_in(*folders: Path) -> bytes:
    """All bytes of all files in them."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files)


def installed(program: str) -> str:
    """Where a program of Debian's is; without it a test is skipped, but in CI, where it is a fault."""
    found = shutil.which(program)
    if found is None and "CI" not in os.environ:
        pytest.skip(f"needs {program}, from Debian's package of that name")
    assert found is not None, f"install {program}"
    return found
