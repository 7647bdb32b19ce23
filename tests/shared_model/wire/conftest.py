"""An invitation of a federation that nobody runs."""

import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.keys.authority import new_authority
from shared_model.books.notes import Signer
from shared_model.wire.invitation import FORMAT_VERSION, Invitation

SECRET = "c0ffee" * 10 + "abcd"


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer(name="forelle/rounds", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.fixture(scope="session")
def other() -> Signer:
    return Signer(name="forelle/rounds", private_key=Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1"))


@pytest.fixture(scope="session")
def invitation(signer: Signer) -> Invitation:
    authority = new_authority("forelle", (), now=datetime.datetime.now(datetime.UTC))
    return Invitation(
        format=FORMAT_VERSION,
        federation="forelle",
        address="music.example.org:9443",
        ca_pem=authority.pem.decode(),
        log_key=signer.verifier.vkey,
        release_key=signer.verifier.vkey,
        secret=SECRET,
        expires_at_s=2_000_000_000,
    )
