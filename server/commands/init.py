"""init: make a coordinator."""

import json
from pathlib import Path
from typing import Annotated

import typer

from server.commands.options import Json

EPILOG = "Example: sottovoce-server init coordinator --host music.example.org --set plan.cohort=20"


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
    hosts: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="NAME", help="Name or address that devices call this host by; may be repeated."),
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as plan.cohort=3.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a coordinator: an authority of its own, keys, settings, an empty registry and an empty round log."""
    import datetime

    from server.beginning import begin_coordinator
    from server.promises import promises
    from server.settings import settings_from

    settings = settings_from(changes or [], hosts=hosts or [])
    plan = settings.plan.plan()
    said = promises(plan)
    place = begin_coordinator(folder, settings, now=datetime.datetime.now(datetime.UTC))
    if as_json:
        made = {"dir": str(folder), "federation": settings.federation, "address": settings.distribution_address}
        print(json.dumps(made | {"promises": said, "log_key": str(place.log_public)}))
        return
    print(
        f"Made the coordinator of {settings.federation} in {folder}; devices will call {settings.distribution_address}."
    )
    print(f"Auditors need {place.log_public} and {place.release_public}; {place.keys} is for nobody else.")
    for sentence in said:
        print(f"- {sentence}")
