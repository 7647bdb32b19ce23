"""Fetch freely licensed music: python -m simulations.pretraining.free_music.fetch --cache DIR (outside the checkout).

Debian's own client downloads each package by its name and checks its signature (`apt-get download`, after `apt-get
update`); nothing is installed, `dpkg-deb` unpacks it. What was unpacked is not fetched again. 1.6 GB on disk.
"""

import json
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

import soundfile
import typer
from pydantic import TypeAdapter, ValidationError
from tinytag import TinyTag, TinyTagException

from shared_model.durable import write_atomically
from shared_model.errors import BadInput, SottovoceError
from simulations.pretraining.free_music.licences import licence_of
from simulations.pretraining.free_music.packages import (
    MEASURABLE,
    PACKAGES,
    SHORTEST_S,
    TRAINABLE,
    FreePackage,
    Role,
)

INDEX: Final = "music.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A piece of music in the cache. path: relative to it; album: its folder; artist: by its tags, if they say."""

    path: str
    package: str
    album: str
    artist: str | None
    licence: str
    seconds: float
    role: Role


_TRACKS = TypeAdapter(tuple[Track, ...])


def fetch(cache: Path) -> tuple[Track, ...]:
    """Download and unpack what is not there yet, and list the music whose licences permit what it is for.

    Raises:
        BadInput: apt cannot download a package, or a copyright file no longer says what it did.
    """
    tracks: list[Track] = []
    for package in PACKAGES:
        unpacked = cache / package.name
        if not unpacked.is_dir():
            _unpack(package, unpacked)
        tracks += _tracks(package, cache)
    content = json.dumps([asdict(track) for track in tracks], indent=1, ensure_ascii=False)
    write_atomically(cache / INDEX, content.encode())
    return tuple(tracks)


def read_index(cache: Path) -> tuple[Track, ...]:
    """What `fetch` listed. Raises BadInput: it is not there, or is something else."""
    try:
        return _TRACKS.validate_json((cache / INDEX).read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInput(
            f"free music: {cache / INDEX} is missing or of another version; run "
            "`python -m simulations.pretraining.free_music.fetch`"
        ) from error


def _unpack(package: FreePackage, unpacked: Path) -> None:
    unpacked.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=unpacked.parent) as scratch:
        whole = Path(scratch) / "whole"
        try:
            # apt drops its rights to a user of its own, who cannot write here: it says so, and goes on
            subprocess.run(["apt-get", "download", package.name], cwd=scratch, check=True, capture_output=True)  # noqa: S603, S607 - a constant
            [deb] = Path(scratch).glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", deb.name, "whole"], cwd=scratch, check=True, capture_output=True)  # noqa: S603, S607 - apt's file
        except (OSError, subprocess.CalledProcessError) as error:
            raise BadInput(
                f"free music: apt cannot download {package.name}; on Debian run `apt-get update`, elsewhere unpack it "
                f"into {unpacked}"
            ) from error
        if package.archive is not None:
            _unzip(whole / package.folder, *package.archive)
        whole.rename(unpacked)


def _unzip(folder: Path, archive: str, inside: str) -> None:
    with zipfile.ZipFile(folder / archive) as packed:
        for name in packed.namelist():
            if name.startswith(f"{inside}/") and not name.endswith("/"):
                target = folder / "music" / Path(name).name
                target.parent.mkdir(exist_ok=True)
                with packed.open(name) as source, target.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
    (folder / archive).unlink()


def _tracks(package: FreePackage, cache: Path) -> Iterator[Track]:
    unpacked = cache / package.name
    text = (unpacked / "usr/share/doc" / package.name / "copyright").read_text(encoding="utf-8", errors="replace")
    folder = unpacked / package.folder / ("music" if package.archive is not None else "")
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".ogg", ".opus") or path.is_symlink():
            continue
        seconds = soundfile.info(path).duration
        if seconds < SHORTEST_S:
            continue
        licence = licence_of(package, text, str(path.relative_to(folder)))
        if licence not in (TRAINABLE if package.role == "training" else MEASURABLE):
            continue
        yield Track(
            path=str(path.relative_to(cache)),
            package=package.name,
            album=str(path.parent.relative_to(folder)),
            artist=_artist(path),
            licence=licence,
            seconds=round(seconds, 2),
            role=package.role,
        )


def _artist(path: Path) -> str | None:
    try:
        return TinyTag.get(path).artist
    except TinyTagException:  # a container that it does not know
        return None


def main(cache: Annotated[Path, typer.Option(help="Folder for the music, outside the checkout.")]) -> None:
    """Fetch the music and print hours by package and licence."""
    try:
        tracks = fetch(cache)
    except SottovoceError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from None
    for package in PACKAGES:
        own = [track for track in tracks if track.package == package.name]
        for licence in sorted({track.licence for track in own}):
            hours = [track.seconds / 3600 for track in own if track.licence == licence]
            print(f"{package.name:28} {package.role:9} {licence:14} {len(hours):3} tracks {sum(hours):5.2f} h")


if __name__ == "__main__":
    typer.run(main)
