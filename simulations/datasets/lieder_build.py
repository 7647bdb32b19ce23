"""Rebuild the embedded lieder from their source: facts and vectors, and nothing that can be sung."""

import hashlib
import tempfile
from pathlib import Path
from typing import TypedDict

from shared_model.errors import BadInput
from simulations.datasets.encoded_before import EncodedBefore
from simulations.datasets.lieder_embedding import build_lieder_vectors
from simulations.datasets.song_facts import build_song_facts, load_song_facts
from simulations.stages import Stages

BEFORE = ".encoded.sqlite"
"""In the folder of a build that was interrupted; the next one to the same folder goes on from it."""


class Built(TypedDict):
    """What was built. encoded_before: vectors that an interrupted build had made."""

    dir: str
    songs: int
    encoders: dict[str, str]
    encoded_before: int
    vectors_sha256: str


def build_lieder(source: Path, out: Path, *, lyrics_model: str | None, stages: Stages) -> Built:
    """Write songs.json and vectors.safetensors of the folder `source` into the folder `out`, made if need be.

    lyrics_model: a Hugging Face folder or hub name; None takes multilingual-e5-small from the installed packages.
    What an interrupted build has encoded is not encoded again.

    Raises:
        BadInput: the source, the model or the place of `out` cannot be used; the files of `out` are then as they were.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=out, prefix=".build.")
    except OSError as error:
        raise BadInput(f"lieder: {out} cannot be written ({error.strerror}); name another folder with --out") from error
    with scratch as folder, EncodedBefore(out / BEFORE) as before:
        facts, vectors = Path(folder) / "songs.json", Path(folder) / "vectors.safetensors"
        with stages.stage("song facts") as advance:
            build_song_facts(source, facts, advance=advance)
        with stages.stage("encoding") as advance:
            encoders = build_lieder_vectors(source, vectors, lyrics_model=lyrics_model, before=before, advance=advance)
        built: Built = {
            "dir": str(out),
            "songs": len(load_song_facts(facts)),
            "encoders": encoders,
            "encoded_before": before.found,
            "vectors_sha256": hashlib.sha256(vectors.read_bytes()).hexdigest(),
        }
        # a kill between the two leaves songs that the vectors were not built for, which loading them says
        facts.replace(out / facts.name)
        vectors.replace(out / vectors.name)
        before.done()
    return built
