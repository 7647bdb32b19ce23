"""token: what a player is given so that it may submit plays to this device."""

import json
from typing import Annotated

import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json

EPILOG = "Example: sottovoce-client token"


def token(
    new: Annotated[
        bool, typer.Option("--new", help="Make another one; the one before is refused from now on.")
    ] = False,
    folder: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """The token to paste into a music player. It is made when it is first asked for. See docs/players.md.

    Whoever has it and runs on this computer can add plays to your history, and read nothing.
    """
    from client.keys.player_token import new_player_token, player_token
    from client.profile import open_profile

    with open_profile(folder) as profile:
        found = None if new else player_token(profile.folder, ledger_key=profile.ledger_key)
        found = found or new_player_token(profile.folder, ledger_key=profile.ledger_key)
    print(json.dumps({"token": found}) if as_json else found)
