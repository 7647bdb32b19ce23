"""settings: what can be chosen, and choosing it."""

import json
from typing import Annotated

import typer
from pydantic import BaseModel

from client.commands.options import DEFAULT_FOLDER, Folder, Json
from shared_model.errors import BadInput

EPILOG = "Example: sottovoce-client settings retention.listens_days=3650"


def settings(
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="An empty value takes a setting away.")
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Print all settings with what they mean, after changing some if you say so. An empty value takes one away."""
    from client.files import KEYS, SETTINGS
    from client.keys.key_file import read_key_file
    from client.settings import change_settings, read_settings

    read_key_file(folder / KEYS)  # so that a setting is never written where no profile is
    wanted: dict[str, str] = {}
    for change in changes or []:
        name, separator, value = change.partition("=")
        if not separator:
            raise BadInput(f"settings: {change!r} is not KEY=VALUE; nothing was changed")
        wanted[name.strip()] = value.strip()
    if wanted:
        change_settings(folder / SETTINGS, wanted)
    found = read_settings(folder / SETTINGS)
    if as_json:
        print(json.dumps(found.model_dump(mode="json")))
        return
    for key, setting, meaning in _lines("", found):
        print(f"{key} = {json.dumps(setting)}   # {meaning}")


def _lines(prefix: str, section: BaseModel) -> list[tuple[str, object, str]]:
    lines: list[tuple[str, object, str]] = []
    values = section.model_dump(mode="json")
    for name, field in type(section).model_fields.items():
        inner = getattr(section, name)
        if isinstance(inner, BaseModel):
            lines += _lines(f"{prefix}{name}.", inner)
        else:
            lines.append((prefix + name, values[name], field.description or ""))
    return lines
