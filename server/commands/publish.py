"""publish: give devices a new release."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from server.commands.options import HERE, Folder, Json

EPILOG = "Example: sottovoce-server publish release-0.safetensors --lyrics-encoder multilingual-e5-small"


def publish(
    files: Annotated[
        list[Path], typer.Argument(help="Its files: a release 0, which devices recommend with, and whatever else.")
    ],
    lyrics_encoder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Hugging Face folder, for devices that have no lyrics encoder.")
    ] = None,
    audio_encoder: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights, for devices that ask for the release's encoders.")
    ] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Sign the files as the next release. Devices fetch it when they next ask, and only what they do not have yet.

    Rounds train from the newest release at the time of the first `up`, and go on from it to their end.
    """
    from server.distribution.publish import publish as sign
    from server.keys.signing import release_signer
    from server.operations.releasing import start_of
    from server.place import open_place
    from server.settings import read_settings

    place = open_place(folder)
    signer = release_signer(place, read_settings(place.settings))
    manifest = sign(
        files,
        place=place,
        signer=signer,
        now_s=int(time.time()),
        lyrics_encoder=lyrics_encoder,
        audio_encoder=audio_encoder,
        start=start_of(place),
    )
    if as_json:
        listed = {file.name: {"sha256": file.sha256, "size_bytes": file.size_bytes} for file in manifest.files}
        print(json.dumps({"release": manifest.number, "files": listed}))
        return
    size = sum(file.size_bytes for file in manifest.files)
    print(f"Release {manifest.number}: {len(manifest.files)} files, {size:,} bytes.")
