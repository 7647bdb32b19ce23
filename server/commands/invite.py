"""invite: let one device in."""

import json
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from server.commands.options import HERE, Folder, Json, Name
from shared_model.errors import BadInput

EPILOG = "Example: sottovoce-server invite phone --expires 2d --out phone.invitation"


def invite(
    name: Name,
    expires: Annotated[str, typer.Option("--expires", help="How long it is good for: 30m, 12h, 7d.")] = "7d",
    out: Annotated[Path | None, typer.Option("--out", help="A new file for it, instead of stdout.")] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Print an invitation: good once, for one device, until it expires. Whoever has it first, enrols."""
    from server.place import open_place
    from server.registry.database import open_registry
    from server.registry.inviting import invite as make
    from server.registry.inviting import life_s
    from server.registry.registry import Registry
    from server.settings import read_settings

    place = open_place(folder)
    seconds, settings = life_s(expires), read_settings(place.settings)
    if out is not None and os.path.lexists(out):
        raise BadInput(f"invite: {out} exists; name a new file with --out")
    registry = Registry(open_registry(place.registry))
    made = make(name, place=place, settings=settings, registry=registry, now_s=int(time.time()), life_s=seconds)
    if out is not None:
        with os.fdopen(os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(made.text + "\n")
    if as_json:
        shown = {"invitation": made.text} if out is None else {"file": str(out)}
        print(json.dumps(shown | {"expires_at_s": made.expires_at_s}))
    elif out is None:
        print(made.text)
    else:
        print(f"Wrote {out}; hand it over by a way that nobody reads along.")
