"""An empty registry on disk."""

from pathlib import Path

import pytest

from server.registry.database import create_registry
from server.registry.registry import Registry
from shared_model.wire.node_key import new_node_key, public_der

NOW_S = 1_800_000_000
HOUR_S = 3600


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(create_registry(tmp_path / "registry.db"))


def new_public() -> bytes:
    return public_der(new_node_key().public_key())
