import subprocess
import sys

import pytest

RECOMMENDING = (
    "shared_model.head.explain",
    "shared_model.head.inference",
    "shared_model.head.moment",
    "shared_model.head.psychological_state",
    "shared_model.head.shape",
    "shared_model.history",
    "shared_model.catalogue",
    "shared_model.memory.moments",
    "shared_model.memory.recollection",
    "shared_model.memory.shortlist",
    "shared_model.release_0.collection",
    "shared_model.release_0.release_file",
)


@pytest.mark.parametrize("module", RECOMMENDING)
def test_a_device_that_recommends_imports_no_torch(module: str) -> None:
    """Which takes two seconds and half a gigabyte."""
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
