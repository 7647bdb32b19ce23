"""Rebuild the embedded lieder from their source: facts and vectors, and nothing that can be sung."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from shared_model.errors import BadInput
from simulations.datasets.lieder_embedding import build_lieder_vectors
from simulations.datasets.song_facts import build_song_facts


def build_lieder(source: Path, out: Path, *, lyrics_model: str | None, report: Callable[[str], None]) -> None:
    """Write songs.json and vectors.safetensors of the folder `source` into the folder `out`, made if need be.

    lyrics_model: a Hugging Face folder or hub name; None takes multilingual-e5-small from the installed packages.
    report: called with a line of progress now and then.

    Raises:
        BadInput: the source, the model or the place of `out` cannot be used; `out` is then as it was.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=out, prefix=".build.")
    except OSError as error:
        raise BadInput(f"lieder: {out} cannot be written ({error.strerror}); name another folder with --out") from error
    with scratch as folder:
        facts, vectors = Path(folder) / "songs.json", Path(folder) / "vectors.safetensors"
        build_song_facts(source, facts, report=report)
        build_lieder_vectors(source, vectors, lyrics_model=lyrics_model, report=report)
        # a kill between the two leaves songs that the vectors were not built for, which loading them says
        facts.replace(out / facts.name)
        vectors.replace(out / vectors.name)
