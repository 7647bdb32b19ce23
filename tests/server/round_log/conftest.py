from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.round_log.log import RoundLog
from shared_model.books.notes import Signer

SIGNER = Signer(name="example.org/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.fixture
def open_log(tmp_path: Path):
    """Opens the log in a folder, as often as it is called, with or without its private key."""

    def opened(*, signed: bool = True) -> RoundLog:
        return RoundLog(tmp_path / "log", verifier=SIGNER.verifier, signer=SIGNER if signed else None)

    return opened
