"""The hash of the code that runs a round."""

import hashlib
from functools import lru_cache
from pathlib import Path

from shared_model import canonical_json

PACKAGES = ("client", "server", "shared_model")
"""What takes part in a round, as in a Flower bundle."""


@lru_cache(maxsize=1)
def code_sha256() -> str:
    """SHA-256, in hexadecimal, over the names and hashes of all Python files of the installed packages."""
    root = Path(__file__).parents[2]
    files = sorted(file for package in PACKAGES for file in (root / package).rglob("*.py"))
    listed = [[file.relative_to(root).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest()] for file in files]
    return hashlib.sha256(canonical_json.encode(listed)).hexdigest()
