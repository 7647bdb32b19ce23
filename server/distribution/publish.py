"""Publishing: files are copied to where they are known by their hash, and signed once, by the release key."""

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from server.distribution.releases import Releases
from server.place import Place
from shared_model.books.notes import Signer
from shared_model.durable import write_atomically
from shared_model.errors import BadInput, Refused
from shared_model.manifest import Manifest
from shared_model.release_envelope import METADATA_KEY, opened, read_raw
from shared_model.wire.limits import FILES
from shared_model.wire.release_manifest import FORMAT_VERSION, ReleaseFile, ReleaseManifest

_PIECE_BYTES = 1 << 20


def publish(files: Sequence[Path], *, place: Place, signer: Signer, now_s: int) -> ReleaseManifest:
    """The next release. Killed at any moment, it is there wholly or not at all.

    Raises BadInput where a file cannot be read or named, and Refused for a simulation's release: its noise can be
    drawn again.
    """
    if not 0 < len(files) <= FILES or len({file.name for file in files}) != len(files):
        raise BadInput(f"publish: give 1 to {FILES} files of different names")
    for file in files:
        _require_promotable(file)
    releases = Releases(place.releases)
    try:
        held = tuple(_keep(file, releases) for file in files)
        number = releases.last_number() + 1
        manifest = ReleaseManifest(format=FORMAT_VERSION, number=number, made_at_s=now_s, files=held)
    except ValueError as error:
        raise BadInput(f"publish: {error}; rename it") from error
    write_atomically(place.releases / f"{number}.note", manifest.signed(signer))
    return manifest


def _keep(file: Path, releases: Releases) -> ReleaseFile:
    digest, size = hashlib.sha256(), 0
    temporary = releases.folder / "files" / f".{secrets.token_hex(8)}"
    try:
        with file.open("rb") as source, temporary.open("xb") as copy:
            while piece := source.read(_PIECE_BYTES):
                digest.update(piece)
                copy.write(piece)
                size += len(piece)
            copy.flush()
            os.fsync(copy.fileno())
        described = ReleaseFile(name=file.name, sha256=digest.hexdigest(), size_bytes=size)
        temporary.replace(releases.path_of(digest.digest()))
    except OSError as error:
        raise BadInput(f"publish: {file} cannot be read or kept ({error.strerror}); nothing was published") from error
    finally:
        temporary.unlink(missing_ok=True)
    return described


def _require_promotable(file: Path) -> None:
    """Raises Refused for what rounds released under noise that was not the operating system's."""
    if not _holds_release(file):
        return
    envelope, model_sha256 = read_raw(file)
    body, _ = opened(file, envelope)
    if body["model_sha256"] != model_sha256:
        raise BadInput(f"publish: {file}: the tensors are not those that were signed; fetch it again")
    if not Manifest.from_json(body["manifest"]).may_be_promoted:
        raise Refused(
            f"publish: {file} comes from a simulation or from rounds whose noise can be drawn again; it may be "
            "inspected, and is never given to devices"
        )


def _holds_release(file: Path) -> bool:
    """Whether it is a safetensors file with the manifest of rounds."""
    try:
        with file.open("rb") as opened_file:
            length = int.from_bytes(opened_file.read(8), "little")
            header = json.loads(opened_file.read(length)) if 2 <= length <= _PIECE_BYTES else {}
    except OSError as error:
        raise BadInput(f"publish: {file} cannot be read ({error.strerror})") from error
    except ValueError:
        return False
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    return isinstance(metadata, dict) and METADATA_KEY in metadata
