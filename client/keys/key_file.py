"""keys.json: the profile's wrapped keys. It holds no key in the clear, and without a passphrase or keyring it is mute.

The data key is wrapped under the keyring's key and under the passphrase's; the ledger's and the mood's keys under the
data key. While keys are rotated both sets stand in it, so that a kill at any moment leaves one that opens.
"""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.types import StringConstraints
from typing_extensions import TypedDict

from client.keys.passphrase import Stretching
from client.keys.wrapping import Wrapped
from shared_model.durable import write_atomically
from shared_model.errors import BadInput

FORMAT_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """Wrapped keys. by_keyring: None where there was no keyring; mood: None before the first check-in."""

    by_keyring: Wrapped | None
    by_passphrase: Wrapped
    ledger: Wrapped
    mood: Wrapped | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """profile: a random id; incoming: the set that is being rotated to, or None."""

    profile: str
    stretching: Stretching
    current: KeySet
    incoming: KeySet | None = None

    def write(self, path: Path) -> None:
        """Replace the file, atomically, readable by its owner alone."""
        content = {
            "format": FORMAT_VERSION,
            "profile": self.profile,
            "argon2id": {
                "salt": self.stretching.salt.hex(),
                "memory_kib": self.stretching.memory_kib,
                "iterations": self.stretching.iterations,
                "lanes": self.stretching.lanes,
            },
            "current": _spelled(self.current),
            "incoming": None if self.incoming is None else _spelled(self.incoming),
        }
        write_atomically(path, json.dumps(content, indent=1).encode() + b"\n")
        path.chmod(0o600)


def read_key_file(path: Path) -> KeyFile:
    """Raises BadInput where it is missing, damaged, or of another program."""
    try:
        content = _CONTENT.validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise BadInput(
            f"profile: there is none in {path.parent}; make one with `sottovoce-client init --dir {path.parent}`"
        ) from error
    except OSError as error:
        raise BadInput(f"profile: {path} cannot be read ({error.strerror}); check who owns it") from error
    except ValidationError as error:
        raise BadInput(f"profile: {path} is damaged or of another program; put it back from a backup") from error
    stretched = content["argon2id"]
    return KeyFile(
        profile=content["profile"],
        stretching=Stretching(
            salt=bytes.fromhex(stretched["salt"]),
            memory_kib=stretched["memory_kib"],
            iterations=stretched["iterations"],
            lanes=stretched["lanes"],
        ),
        current=_read(content["current"]),
        incoming=None if content["incoming"] is None else _read(content["incoming"]),
    )


def shred_mood(file: KeyFile, path: Path) -> KeyFile:
    """The file without the mood's key, which is overwritten where it lay before the file is replaced."""
    for keys in (file.current, file.incoming):
        if keys is not None and keys.mood is not None:
            _overwrite(path, keys.mood.sealed.hex().encode())
    for half_written in path.parent.glob(f".{path.name}.*"):  # by a start that was killed; it may hold that key, too
        half_written.write_bytes(bytes(half_written.stat().st_size))
        half_written.unlink()
    without = replace(
        file,
        current=replace(file.current, mood=None),
        incoming=None if file.incoming is None else replace(file.incoming, mood=None),
    )
    without.write(path)
    return without


def _overwrite(path: Path, secret: bytes) -> None:
    with path.open("r+b") as opened:
        at = opened.read().find(secret)
        if at >= 0:
            opened.seek(at)
            opened.write(b"0" * len(secret))
            opened.flush()
            os.fsync(opened.fileno())


_Hex = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})+$")]


class _KeySet(TypedDict):
    by_keyring: _Hex | None
    by_passphrase: _Hex
    ledger: _Hex
    mood: _Hex | None


class _Argon2id(TypedDict):
    salt: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2}){8,}$")]
    memory_kib: Annotated[int, Field(ge=128, le=4_194_304)]  # RFC 9106: at least 8 a lane
    iterations: Annotated[int, Field(ge=1, le=1000)]
    lanes: Annotated[int, Field(ge=1, le=16)]


class _Content(TypedDict):
    format: Literal[1]
    profile: _Hex
    argon2id: _Argon2id
    current: _KeySet
    incoming: _KeySet | None


_CONTENT = TypeAdapter(_Content)


def _spelled(keys: KeySet) -> _KeySet:
    return {
        "by_keyring": None if keys.by_keyring is None else keys.by_keyring.sealed.hex(),
        "by_passphrase": keys.by_passphrase.sealed.hex(),
        "ledger": keys.ledger.sealed.hex(),
        "mood": None if keys.mood is None else keys.mood.sealed.hex(),
    }


def _read(keys: _KeySet) -> KeySet:
    keyring, mood = keys["by_keyring"], keys["mood"]
    return KeySet(
        by_keyring=None if keyring is None else Wrapped(bytes.fromhex(keyring)),
        by_passphrase=Wrapped(bytes.fromhex(keys["by_passphrase"])),
        ledger=Wrapped(bytes.fromhex(keys["ledger"])),
        mood=None if mood is None else Wrapped(bytes.fromhex(mood)),
    )
