"""The music to learn from as log-mel on disk, mapped into memory: decoded once, clean and, in parts, through codecs.

python -m simulations.pretraining.free_music.corpus --cache DIR --lieder DIR --out DIR. Goes on after a kill: what lies
there whole is not decoded again. Letters: M mel bands, F frames of a track or part.
"""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from shared_model.durable import write_atomically
from shared_model.encoders.log_mel import log_mel
from shared_model.encoders.resampling import resample
from shared_model.errors import BadInput, SottovoceError
from simulations.datasets.song_facts import EMBEDDED, load_song_facts
from simulations.pretraining.clips import read_clip
from simulations.pretraining.free_music.degrade import CODECS, RATE_HZ, through_codec
from simulations.pretraining.free_music.fetch import read_index

INDEX: Final = "corpus.json"
PART_S: Final = 45
"""Of every track, this much goes through each codec; shorter tracks go whole."""

LEAST_COMPRESSION: Final = 0.5
VALIDATION_SHARE: Final = 0.08
HELD_OUT_COMPOSERS_SHARE: Final = 0.2
"""Of the lieder's composers, all songs of whom are held out."""

Split = Literal["training", "validation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A track as spectrograms in files of the corpus' folder.

    clean: (F, M) float16; parts: each (2, F, M) float16, clean and degraded; path: of the sound; group: package, or
    composer of a lied.
    """

    clean: str
    parts: tuple[str, ...]
    path: str
    package: str
    artist: str | None
    licence: str
    seconds: float
    split: Split

    def spectrogram(self, folder: Path) -> NDArray[np.float16]:
        """(F, M), mapped."""
        mapped: NDArray[np.float16] = np.load(folder / self.clean, mmap_mode="r")
        return mapped


_HEARD = TypeAdapter(tuple[Heard, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sound:
    path: Path
    package: str
    artist: str | None
    licence: str
    split: Split


def build_corpus(cache: Path, lieder: Path, out: Path) -> Iterator[Heard]:
    """Decode what is not held out of the cache and of the lieder's folder; the last thing written is the index.

    Raises:
        BadInput: the cache has no index, or a file cannot be decoded.
    """
    out.mkdir(parents=True, exist_ok=True)
    heard = []
    for sound in (*_game_music(cache), *_lieder(lieder)):
        one = _hear(sound, out)
        if one is not None:
            heard.append(one)
            yield one
    write_atomically(out / INDEX, json.dumps([asdict(one) for one in heard], indent=1, ensure_ascii=False).encode())


def read_corpus_index(folder: Path) -> tuple[Heard, ...]:
    """What `build_corpus` wrote. Raises BadInput: it is not there, or is something else."""
    try:
        return _HEARD.validate_json((folder / INDEX).read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInput(
            f"corpus: {folder / INDEX} is missing or of another version; run "
            "`python -m simulations.pretraining.free_music.corpus`"
        ) from error


def chance(name: str) -> float:
    """A number in 0..1 that depends on the name alone, so that a split is the same on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) / 2**64


def _game_music(cache: Path) -> Iterator[_Sound]:
    for track in read_index(cache):
        if track.role == "training":
            yield _Sound(
                path=cache / track.path,
                package=track.package,
                artist=track.artist,
                licence=track.licence,
                split=_split(track.path),
            )


def _lieder(lieder: Path) -> Iterator[_Sound]:
    for song in load_song_facts(EMBEDDED):
        if song.score is not None and not is_held_out(song.composer):
            path = lieder / "audio" / f"{song.id}.opus"
            yield _Sound(path=path, package="lieder", artist=song.composer, licence="CC0", split=_split(song.id))


def is_held_out(composer: str) -> bool:
    """Whether all songs of a composer of lieder are kept for the proof."""
    return chance(composer) < HELD_OUT_COMPOSERS_SHARE


def _split(name: str) -> Split:
    return "validation" if chance(name) < VALIDATION_SHARE else "training"


def _hear(sound: _Sound, out: Path) -> Heard | None:
    name = hashlib.sha256(f"{sound.package}/{sound.path.name}/{sound.path.parent.name}".encode()).hexdigest()[:16]
    clean = out / f"{name}.npy"
    lossy = CODECS if sound.split == "training" and sound.package != "lieder" else {}  # lieder come as Opus
    parts = [out / f"{name}-{codec}.npy" for codec in lossy]
    if not all(path.exists() for path in (*parts, clean)):
        waveform, sample_rate_hz = read_clip(sound.path)
        spectrogram = log_mel(waveform, sample_rate_hz)
        if spectrogram is None:
            return None
        for codec, path in zip(lossy, parts, strict=True):
            _write(path, _part(waveform, sample_rate_hz, codec, name))
        _write(clean, spectrogram.T)
    frames = int(np.load(clean, mmap_mode="r").shape[0])
    return Heard(
        clean=clean.name,
        parts=tuple(part.name for part in parts),
        path=str(sound.path),
        package=sound.package,
        artist=sound.artist,
        licence=sound.licence,
        seconds=round(frames / 50, 2),
        split=sound.split,
    )


def _part(waveform: Tensor, sample_rate_hz: int, codec: str, name: str) -> Tensor:
    """(2, F, M): a part of the track, clean and through the codec, at a place and a compression that the name says."""
    wanted = PART_S * sample_rate_hz
    begin = int(chance(f"{name} {codec} place") * max(0, len(waveform) - wanted))
    part = resample(waveform[begin : begin + wanted], sample_rate_hz, RATE_HZ)
    compression = LEAST_COMPRESSION + (1 - LEAST_COMPRESSION) * chance(f"{name} {codec} compression")
    spectrograms = [log_mel(some, RATE_HZ) for some in (part, through_codec(part, codec, compression=compression))]
    if spectrograms[0] is None or spectrograms[1] is None:  # a silent part teaches nothing
        return torch.zeros(2, 0, 0)
    frames = min(one.shape[1] for one in spectrograms if one is not None)
    return torch.stack([one[:, :frames].T for one in spectrograms if one is not None])


def _write(path: Path, spectrogram: Tensor) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(spectrogram.half().numpy()), allow_pickle=False)
    write_atomically(path, buffer.getvalue())


def main(
    cache: Annotated[Path, typer.Option(help="Folder of `simulations.pretraining.free_music.fetch`.")],
    lieder: Annotated[Path, typer.Option(help="Folder with audio/*.opus.")],
    out: Annotated[Path, typer.Option(help="Folder for the spectrograms, 600 MB.")],
) -> None:
    """Decode the music; the last line of output is hours by split."""
    torch.set_num_threads(1)
    hours: dict[str, float] = {}
    try:
        for heard in build_corpus(cache, lieder, out):
            kind = f"{'lieder' if heard.package == 'lieder' else 'real music'}, {heard.split}"
            hours[kind] = hours.get(kind, 0.0) + heard.seconds / 3600
    except SottovoceError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from None
    print(json.dumps({kind: round(some, 2) for kind, some in hours.items()}))


if __name__ == "__main__":
    typer.run(main)
