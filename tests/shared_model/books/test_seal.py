import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared_model.books.notes import Signer, sign_note
from shared_model.books.seal import file_sha256, open_seal, sealed_files
from shared_model.errors import BadInput

SIGNER = Signer(name="example.org/run", private_key=Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x07"))
FILES = {"result.json": "ab" * 32, "log/leaves  with spaces": "cd" * 32}


def test_a_seal_says_what_was_sealed() -> None:
    assert open_seal(sealed_files(FILES, SIGNER), SIGNER.verifier) == FILES


def test_every_changed_bit_is_seen() -> None:
    sealed = sealed_files(FILES, SIGNER)
    for place in range(0, len(sealed) - 1, 7):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(BadInput):
            open_seal(bytes(changed), SIGNER.verifier)


def test_another_key_is_not_taken() -> None:
    other = Signer(name=SIGNER.name, private_key=Ed25519PrivateKey.generate())
    with pytest.raises(BadInput, match="not signed by the given key"):
        open_seal(sealed_files(FILES, other), SIGNER.verifier)


@pytest.mark.parametrize("text", ["another first line\n", "sottovoce seal v1\nab\n", "sottovoce seal v1\nab  ../up\n"])
def test_a_signed_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="not of the form"):
        open_seal(sign_note(text, SIGNER), SIGNER.verifier)


def test_a_file_is_hashed_in_parts(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    (tmp_path / "f").write_bytes(content)
    assert file_sha256(tmp_path / "f") == hashlib.sha256(content).hexdigest()
