"""Real encrypted databases in a temporary folder."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from client.store.database import create_database

KEY = bytes(range(32))


@pytest.fixture
def history(tmp_path: Path) -> Engine:
    """An empty history database."""
    return create_database(tmp_path / "store.db", kind="history", key=KEY)


@pytest.fixture
def mood(tmp_path: Path) -> Engine:
    """An empty database of mood answers, under a key of its own."""
    return create_database(tmp_path / "mood.db", kind="mood", key=KEY[::-1])
