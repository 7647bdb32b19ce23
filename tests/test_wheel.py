"""The wheel holds what the code reads beside itself: pages, migrations, instruments, weights."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
READ = ("templates", "static", "migrations", "instruments", "weights", "scenarios")


@pytest.mark.integration
def test_every_file_beside_the_code_that_is_no_code_is_in_the_wheel(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("sottovoce-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files"], check=True, capture_output=True, text=True).stdout
    beside = {
        line
        for line in tracked.splitlines()
        if line.startswith(("client/", "server/", "shared_model/", "simulations/"))
    }
    assert beside - packed == set()
    assert all(any(f"/{folder}/" in name for name in packed) for folder in READ)
