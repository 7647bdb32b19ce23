"""Options that many verbs share, and where a profile is when nobody says."""

from pathlib import Path
from typing import Annotated

import platformdirs
import typer

DEFAULT_FOLDER = platformdirs.user_data_path("sottovoce")

Folder = Annotated[Path, typer.Option("--dir", help="Folder of the profile.", show_default="the user's data folder")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def confirmed(question: str, *, yes: bool) -> bool:
    """Whether the listener agrees: asked in a terminal, and without one only `--yes` says so."""
    import sys

    from shared_model.errors import BadInput

    if yes:
        return True
    if not sys.stdin.isatty():
        raise BadInput(f"{question} Nobody can be asked here; say --yes. Nothing was done")
    return typer.confirm(question, err=True)
