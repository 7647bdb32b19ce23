import hashlib
import subprocess
import sysconfig
import zipfile
from pathlib import Path

import flwr
import pytest

from client.node import executor
from client.node.bundle import known_bundles
from shared_model.bundle import PACKAGES, bundle_files, write_bundle_source
from shared_model.errors import BadInput

pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")  # Flower's own use of it


@pytest.mark.integration
def test_the_bundle_that_flower_builds_is_the_one_that_is_known_and_holds_code_and_licence_alone(
    tmp_path: Path,
) -> None:
    source = tmp_path / "sottovoce"
    write_bundle_source(source)
    known_bundles.cache_clear()
    known = known_bundles()
    program = Path(sysconfig.get_path("scripts")) / "flwr"
    subprocess.run([program, "build", "--app", source], cwd=tmp_path, check=True, capture_output=True)
    built = next(tmp_path.glob("*.fab"))
    assert hashlib.sha256(built.read_bytes()).hexdigest() in known
    assert built.stat().st_size < 10 * 2**20 / 4  # Flower takes 10 MB
    names = zipfile.ZipFile(built).namelist()
    assert {name.partition("/")[0] for name in names} == {*PACKAGES, "LICENSE", "pyproject.toml", ".info"}
    assert all(name.endswith(".py") for name in names if name.partition("/")[0] in PACKAGES)
    assert set(names) - {".info/CONTENT"} == set(bundle_files())


def test_another_version_of_flower_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    executor.require_version()
    monkeypatch.setattr(flwr, "__version__", "1.42.0")
    known_bundles.cache_clear()
    for asked in (executor.require_version, known_bundles):
        with pytest.raises(BadInput, match=r"Flower 1\.42\.0 is installed.*1\.41\.\* only"):
            asked()
