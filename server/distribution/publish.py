"""Publishing: files are copied to where they are known by their hash, and signed once, by the release key."""

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from server.distribution.releases import Releases
from server.place import Place
from shared_model.books.notes import Signer
from shared_model.durable import write_atomically
from shared_model.errors import BadInput, Refused
from shared_model.manifest import Manifest
from shared_model.release_0.release_file import METADATA, read_release_0
from shared_model.release_envelope import METADATA_KEY, opened, read_raw
from shared_model.wire.limits import FILES
from shared_model.wire.release_manifest import FORMAT_VERSION, LearnedInRounds, Part, ReleaseFile, ReleaseManifest

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A file for a release. name: what devices call it."""

    path: Path
    name: str
    part: Part


def publish(
    files: Sequence[Path],
    *,
    place: Place,
    signer: Signer,
    now_s: int,
    lyrics_encoder: Path | None = None,
    audio_encoder: Path | None = None,
    start: ReleaseFile | None = None,
) -> ReleaseManifest:
    """The next release, of the operator's files. Killed at any moment, it is there wholly or not at all.

    lyrics_encoder: a Hugging Face folder; audio_encoder: a file of weights; start: what rounds that go on train from.
    Raises BadInput where a file cannot be read or named, and Refused for a simulation's release: its noise can be
    drawn again.
    """
    given = [*(_described(file) for file in files), *_of_folder(lyrics_encoder)]
    if audio_encoder is not None:
        given.append(Given(path=audio_encoder, name=audio_encoder.name, part=Part.AUDIO_ENCODER))
    return enter(given, kept=() if start is None else (start,), place=place, signer=signer, now_s=now_s)


def enter(
    given: Sequence[Given],
    *,
    kept: Sequence[ReleaseFile],
    place: Place,
    signer: Signer,
    now_s: int,
    learned: LearnedInRounds | None = None,
) -> ReleaseManifest:
    """The next release, of what is given and of files that are kept already. Raises BadInput."""
    if not 0 < len(given) + len(kept) <= FILES or len({each.name for each in given}) != len(given):
        raise BadInput(f"publish: give 1 to {FILES} files of different names")
    releases = Releases(place.releases)
    with _alone(releases):
        try:
            held = [_keep(each, releases) for each in given]
            model = {file.sha256 for file in held if file.part is Part.MODEL}
            # what rounds train from is named apart only where it is not the model itself
            others = [file for file in kept if file.part is not Part.START or file.sha256 not in model]
            number = releases.last_number() + 1
            manifest = ReleaseManifest(
                format=FORMAT_VERSION, number=number, made_at_s=now_s, files=(*held, *others), learned=learned
            )
        except ValueError as error:
            raise BadInput(f"publish: {error}; rename it or leave it out") from error
        write_atomically(place.releases / f"{number}.note", manifest.signed(signer))
    return manifest


def kept_as_start(model: ReleaseFile) -> ReleaseFile:
    """The file of a model, as what rounds train from."""
    return replace(model, name=f"start-{model.sha256[:16]}.safetensors", part=Part.START)


@contextmanager
def _alone(releases: Releases) -> Iterator[None]:
    """Two that publish at once would take the same number. What one that was killed had begun to copy is removed."""
    with (releases.folder / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for begun in (releases.folder / "files").glob(".*"):
            begun.unlink()
        yield


def _keep(given: Given, releases: Releases) -> ReleaseFile:
    digest, size = hashlib.sha256(), 0
    temporary = releases.folder / "files" / f".{secrets.token_hex(8)}"
    try:
        with given.path.open("rb") as source, temporary.open("xb") as copy:
            while piece := source.read(_PIECE_BYTES):
                digest.update(piece)
                copy.write(piece)
                size += len(piece)
            copy.flush()
            os.fsync(copy.fileno())
        described = ReleaseFile(name=given.name, sha256=digest.hexdigest(), size_bytes=size, part=given.part)
        temporary.replace(releases.path_of(digest.digest()))
    except OSError as error:
        raise BadInput(
            f"publish: {given.path} cannot be read or kept ({error.strerror}); nothing was published"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return described


def _of_folder(folder: Path | None) -> list[Given]:
    """Of a Hugging Face folder, which is known by its name: vectors of one encoder are kept under it."""
    if folder is None:
        return []
    if not (folder / "config.json").is_file():
        raise BadInput(f"publish: {folder} is no folder of a lyrics encoder: it has no config.json")
    name = folder.resolve().name
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return [Given(path=path, name=f"{name}/{path.name}", part=Part.LYRICS_ENCODER) for path in files]


def _described(file: Path) -> Given:
    """What the file is. Raises BadInput for a damaged model, Refused for what rounds released under noise that was not
    the operating system's."""
    kinds = _metadata(file)
    if METADATA in kinds:
        read_release_0(file)  # whole, and of this version
        return Given(path=file, name=file.name, part=Part.MODEL)
    if METADATA_KEY in kinds:
        _require_promotable(file)
    return Given(path=file, name=file.name, part=Part.OTHER)


def _require_promotable(file: Path) -> None:
    envelope, model_sha256 = read_raw(file)
    body, _ = opened(file, envelope)
    if body["model_sha256"] != model_sha256:
        raise BadInput(f"publish: {file}: the tensors are not those that were signed; fetch it again")
    if not Manifest.from_json(body["manifest"]).may_be_promoted:
        raise Refused(
            f"publish: {file} comes from a simulation or from rounds whose noise can be drawn again; it may be "
            "inspected, and is never given to devices"
        )


def _metadata(file: Path) -> set[str]:
    """The names of a safetensors file's metadata; none of any other file."""
    try:
        with file.open("rb") as opened_file:
            length = int.from_bytes(opened_file.read(8), "little")
            header = json.loads(opened_file.read(length)) if 2 <= length <= _PIECE_BYTES else {}
    except OSError as error:
        raise BadInput(f"publish: {file} cannot be read ({error.strerror})") from error
    except ValueError:
        return set()
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    return set(metadata) if isinstance(metadata, dict) else set()
