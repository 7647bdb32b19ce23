"""export: everything that is held, to take along."""

import json
from pathlib import Path
from typing import Annotated

import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json

EPILOG = "Example: sottovoce-client export --out mine.zip"


def export(
    out: Annotated[Path, typer.Option(help="The zip to write. It is not encrypted.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Everything this device holds about you, consents and ledger included, as JSON in a zip."""
    from client.data.export import export_everything
    from client.profile import open_profile

    with open_profile(folder) as profile:
        rows = export_everything(profile, out)
    if as_json:
        print(json.dumps({"out": str(out), "rows": rows}))
        return
    held = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in rows.items() if count)
    print(f"Wrote {out}: {held or 'nothing was held'}. It is not encrypted: keep it safe.")
