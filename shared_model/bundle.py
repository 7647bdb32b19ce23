"""The Flower bundle of a deployment: which files it holds, whoever lays it out.

Python code of `client`, `server` and `shared_model`, the licence, and the description below; nothing else. The same
installation gives the same bytes, so that a device knows a bundle by its hash.
"""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from shared_model.errors import BadInput

PACKAGES = ("client", "server", "shared_model")
LICENSE = "LICENSE"
DESCRIPTION = """\
[project]
name = "sottovoce"
version = "0.1.0"
description = "Rounds of a deployed federation"
license = { file = "LICENSE" }
dependencies = ["flwr>=1.41,<1.42"]

[tool.flwr.app]
publisher = "sottovoce"
fab-format-version = 1
flwr-version-target = "1.41.0"
fab-include = ["client/**/*.py", "server/**/*.py", "shared_model/**/*.py", "LICENSE"]

[tool.flwr.app.components]
serverapp = "server.deployment.app:app"
clientapp = "client.app:app"

[tool.flwr.app.config]
deployment = ""
"""
"""`deployment` is the server's folder, which a run is given when it is started; on a device it means nothing."""


def bundle_files(root: Path | None = None) -> dict[str, bytes]:
    """Contents by relative path, of the packages below `root`: by default those that are installed here.

    Raises BadInput where the installation lacks its licence.
    """
    root = root or Path(__file__).parents[1]
    found = {path.relative_to(root).as_posix(): path.read_bytes() for path in _code(root)}
    return found | {LICENSE: _license(root), "pyproject.toml": DESCRIPTION.encode()}


def write_bundle_source(folder: Path) -> None:
    """Lay the files out in `folder`, for `flwr run FOLDER`."""
    for name, content in bundle_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _code(root: Path) -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((root / package).rglob("*.py"))


def _license(root: Path) -> bytes:
    beside = root / LICENSE  # a checkout
    if beside.is_file():
        return beside.read_bytes()
    try:
        listed = [path for path in files("sottovoce") or () if path.name == LICENSE]
    except PackageNotFoundError:
        listed = []
    if not listed:
        raise BadInput("bundle: the licence of this installation is missing; install sottovoce anew")
    return listed[0].read_binary()
