from pathlib import Path

import pytest

from client.ledger.ledger import create_ledger
from client.ledger.mirror import FileMirror
from shared_model.books.entries import Opened

KEY = bytes(range(32))


@pytest.fixture
def device(tmp_path: Path) -> dict:
    """What opens a new ledger: path, key and mirror."""
    made = {"path": tmp_path / "ledger.jsonl", "key": KEY, "mirror": FileMirror(tmp_path / "mirror")}
    opened = Opened(device_cap=None, delta=1e-5, max_participations=10_000)
    create_ledger(made["path"], opened, key=KEY, mirror=made["mirror"])
    return made
