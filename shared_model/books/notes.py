"""Signed notes with Ed25519 (https://c2sp.org/signed-note): text, a blank line, and a line for each signature.

The vkey is `name+hash8+base64(0x01 || public key)`; the key hash is the first four bytes of
SHA-256(name || 0x0A || 0x01 || public key).
"""

import base64
import binascii
import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared_model.errors import BadInput

_ED25519 = b"\x01"
_KEY_BYTES = 32
_SKEY_PREFIX = "PRIVATE+KEY"
_DASH = "\u2014 "
_MOST_SIGNATURES = 100
"""As golang.org/x/mod/sumdb/note: a note with more is an attack on its reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """A name and the public key that signs under it. Raises BadInput for a name that a note cannot hold."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _require_name(self.name)
        if len(self.public_key) != _KEY_BYTES:
            raise BadInput(f"log key: {len(self.public_key)} bytes; an Ed25519 public key has {_KEY_BYTES}")

    @property
    def key_hash(self) -> bytes:
        """Four bytes that tell keys of one name apart; no proof of anything."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:4]

    @property
    def vkey(self) -> str:
        """The text form, without a newline."""
        return f"{self.name}+{self.key_hash.hex()}+{_encoded(_ED25519 + self.public_key)}"

    @classmethod
    def from_vkey(cls, text: str) -> "Verifier":
        """The inverse of `vkey`; newlines around it are ignored. Raises BadInput."""
        name, key_hash, key = _key_parts(text.strip("\n").split("+", 2), what="log key")
        verifier = cls(name=name, public_key=key)
        if verifier.key_hash.hex() != key_hash:
            raise BadInput("log key: its hash does not fit its key; copy the whole line again")
        return verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A name and the private key to sign under it."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        """What others check its signatures with."""
        return Verifier(name=self.name, public_key=self.private_key.public_key().public_bytes_raw())

    @property
    def skey(self) -> str:
        """The text form, which is secret."""
        raw = self.private_key.private_bytes_raw()
        return f"{_SKEY_PREFIX}+{self.name}+{self.verifier.key_hash.hex()}+{_encoded(_ED25519 + raw)}"

    @classmethod
    def from_skey(cls, text: str) -> "Signer":
        """The inverse of `skey`. Raises BadInput, without showing any of it."""
        if not text.startswith(f"{_SKEY_PREFIX}+"):
            raise BadInput(f"private log key: does not begin with {_SKEY_PREFIX}; copy the whole line again")
        parts = text.strip("\n").removeprefix(f"{_SKEY_PREFIX}+").split("+", 2)
        name, key_hash, key = _key_parts(parts, what="private log key")
        signer = cls(name=name, private_key=Ed25519PrivateKey.from_private_bytes(key))
        if signer.verifier.key_hash.hex() != key_hash:
            raise BadInput("private log key: its hash does not fit its key; copy the whole line again")
        return signer

    def signature_line(self, text: str) -> str:
        """The line that signs `text`, with its newline."""
        return f"{_DASH}{self.name} {_encoded(self.verifier.key_hash + self.private_key.sign(text.encode()))}\n"


def sign_note(text: str, signer: Signer) -> bytes:
    """A note of `text`, which ends in a newline, with one signature. Raises ValueError for what no note can hold."""
    if not text.endswith("\n") or _has_control_characters(text):
        raise ValueError("the text of a note ends in a newline and has no control characters")
    return f"{text}\n{signer.signature_line(text)}".encode()


def open_note(content: bytes, verifiers: Sequence[Verifier], *, what: str) -> str:
    """The text of a note that at least one of `verifiers` signed.

    Signatures by others are ignored; a bad one by a known signer refuses the note, whoever else signed. Raises
    BadInput, naming `what`.
    """
    text, signatures = _parse(content, what=what)
    known = {(verifier.name, verifier.key_hash): verifier for verifier in verifiers}
    signed = False
    for name, key_hash, signature in signatures:
        verifier = known.get((name, key_hash))
        if verifier is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(verifier.public_key).verify(signature, text.encode())
        except InvalidSignature as error:
            raise BadInput(f"{what}: the signature by {name} does not fit the text; fetch it again") from error
        signed = True
    if not signed:
        names = ", ".join(verifier.vkey for verifier in verifiers)
        raise BadInput(f"{what}: not signed by the given key ({names}); do not use it")
    return text


def _parse(content: bytes, *, what: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    malformed = BadInput(f"{what}: not a signed note; fetch it again")
    try:
        note = content.decode()
    except UnicodeDecodeError as error:
        raise malformed from error
    body, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or _has_control_characters(note):
        raise malformed
    signatures = []
    for line in lines[:-1].split("\n"):
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        raw = _decoded(encoded)
        if not line.startswith(_DASH) or not _is_name(name) or raw is None or len(raw) < 5:
            raise malformed
        signatures.append((name, raw[:4], raw[4:]))
    if len(signatures) > _MOST_SIGNATURES:
        raise malformed
    return body + "\n", signatures


def _key_parts(parts: list[str], *, what: str) -> tuple[str, str, bytes]:
    raw = _decoded(parts[2]) if len(parts) == 3 else None
    if raw is None or raw[:1] != _ED25519 or len(raw) != 1 + _KEY_BYTES:
        raise BadInput(f"{what}: not of the form name+hash+base64 with an Ed25519 key; copy the whole line again")
    return parts[0], parts[1], raw[1:]


def _require_name(name: str) -> None:
    if not _is_name(name):
        raise BadInput(f"log key: the name {name!r} is empty, or holds a space, a plus or a control character")


def _is_name(name: str) -> bool:
    return bool(name) and not any(
        character == "+" or character.isspace() or unicodedata.category(character) == "Cc" for character in name
    )


def _has_control_characters(text: str) -> bool:
    return any(character < " " and character != "\n" for character in text)


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decoded(text: str) -> bytes | None:
    """None for anything but the one spelling of some bytes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if _encoded(raw) == text else None
