"""Release 0 on disk: one safetensors file, no pickle, whose single metadata entry is JSON. Reading it needs no torch.

Large arrays stay on disk until they are used, so that a device starts quickly. Letters as in `release`.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors.numpy import save

from shared_model.durable import write_atomically
from shared_model.errors import BadInput
from shared_model.head.inference import FrozenHead
from shared_model.head.shape import HeadShape
from shared_model.release_0.counts import packed, unpacked
from shared_model.release_0.mapped_file import MappedFile, map_file
from shared_model.release_0.release import Release0, ReleasedModality, ReleasedTracks
from shared_model.release_0.strings import Strings

METADATA: Final = "sottovoce.release_0"
FORMAT: Final = 1
_STRINGS: Final = ("ids", "titles", "recording_mbids", "isrcs", "artist_names", "album_names")
_Count = Annotated[int, Field(ge=1, le=100_000)]


class _Modality(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    size: _Count
    encoder: str


class _About(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: Literal[1]
    name: str
    simulated: bool
    width: _Count
    attention_width: _Count
    modalities: tuple[_Modality, ...]


def write_release_0(release: Release0, path: Path, *, half: bool) -> None:
    """Write all of `release`, atomically: the same release gives the same bytes.

    half: vectors in float16, which moves a cosine by a thousandth, else float32. Raises BadInput where an id comes
    twice, a vector is not of unit length, or the folder cannot be written.
    """
    if len(set(release.tracks.ids)) != len(release.tracks):
        raise BadInput(f"release 0 {release.name}: a track id comes twice; give each track one of its own")
    arrays: dict[str, NDArray[Any]] = {f"head.{name}": numbers for name, numbers in release.head.parameters.items()}
    for field in _STRINGS:
        strings: Strings = getattr(release.tracks, field)
        arrays |= {f"tracks.{field}.text": strings.text, f"tracks.{field}.offsets": strings.offsets}
    for field in ("artist", "album"):
        arrays[f"tracks.{field}"] = getattr(release.tracks, field).astype(np.int32)
    for name, modality in release.modalities.items():
        lengths = np.linalg.norm(modality.vectors.astype(np.float32), axis=1)
        if not np.allclose(lengths, modality.present, atol=2e-3):
            raise BadInput(f"release 0 {release.name}: {name} has vectors of other lengths than 1; centre them first")
        arrays[f"{name}.vectors"] = modality.vectors.astype(np.float16 if half else np.float32)
        arrays |= {f"{name}.present": modality.present.astype(np.uint8), f"{name}.mean": modality.mean}
    arrays |= {f"counts.{name}": numbers for name, numbers in packed(release.statistics).items()}
    shape, encoders = release.head.shape, release.modalities
    about = _About(
        format=FORMAT,
        name=release.name,
        simulated=release.simulated,
        width=shape.width,
        attention_width=shape.attention_width,
        modalities=tuple(
            _Modality(name=name, size=size, encoder=encoders[name].encoder) for name, size in shape.modalities
        ),
    )
    # one entry, since safetensors writes several in a random order: the same release would not give the same bytes
    content = save(
        {name: np.ascontiguousarray(each) for name, each in arrays.items()}, {METADATA: about.model_dump_json()}
    )
    try:
        write_atomically(path, content)
    except OSError as error:
        raise BadInput(f"release 0 {path}: cannot be written ({error.strerror}); choose another folder") from error


def read_release_0(path: Path) -> Release0:
    """What `write_release_0` wrote. Raises BadInput where the file is damaged, cut off or of another kind or format."""
    file = map_file(path)
    try:
        about = _about(file, path)
        shape = HeadShape(
            modalities=tuple((each.name, each.size) for each in about.modalities),
            width=about.width,
            attention_width=about.attention_width,
        )
        tracks = _tracks(file)
        release = Release0(
            name=about.name,
            simulated=about.simulated,
            head=FrozenHead(shape=shape, parameters=_below("head.", file)),
            tracks=tracks,
            modalities={each.name: _modality(file, each.name, each.encoder) for each in about.modalities},
            statistics=unpacked(_below("counts.", file), tracks=len(tracks), artists=len(tracks.artist_names)),
            file=file,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise BadInput(f"release 0: {path} is not whole ({error}); fetch it again") from error
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    release.forget()
    return release


def _about(file: MappedFile, path: Path) -> _About:
    content = file.metadata.get(METADATA)
    if content is None:
        raise BadInput(
            f"release 0: {path} holds arrays but is no release 0; give a file of `sottovoce-simulate release-0`"
        )
    found: Any = json.loads(content)
    if isinstance(found, dict) and found.get("format") != FORMAT:
        raise BadInput(
            f"release 0: {path} is of format {found.get('format')}, and this version reads {FORMAT}; update it"
        )
    try:
        return _About.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadInput(f"release 0: {path}: {where}: {first['msg']}; fetch it again") from error


def _tracks(file: MappedFile) -> ReleasedTracks:
    held: dict[str, Any] = {
        field: Strings(_of(file, f"tracks.{field}.text", np.uint8), _of(file, f"tracks.{field}.offsets", np.int64))
        for field in _STRINGS
    }
    for field in ("artist", "album"):
        held[field] = _of(file, f"tracks.{field}", np.int32).astype(np.int64)
    return ReleasedTracks(**held)


def _modality(file: MappedFile, name: str, encoder: str) -> ReleasedModality:
    vectors = file.arrays[f"{name}.vectors"]
    if vectors.dtype not in (np.float16, np.float32):
        raise ValueError(f"{name}.vectors are {vectors.dtype}")
    return ReleasedModality(
        vectors=vectors,
        present=_of(file, f"{name}.present", np.uint8) != 0,
        mean=_of(file, f"{name}.mean", np.float32),
        encoder=encoder,
    )


def _of(file: MappedFile, name: str, kind: type[np.generic]) -> NDArray[Any]:
    array = file.arrays[name]
    if array.dtype != kind or array.ndim != 1:
        raise ValueError(f"{name} is {array.dtype} {array.shape}")
    return array


def _below(prefix: str, file: MappedFile) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in file.arrays.items() if name.startswith(prefix)}
