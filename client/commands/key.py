"""key: new keys, and a new passphrase."""

import typer

from client.commands.options import DEFAULT_FOLDER, Folder
from shared_model.errors import BadInput

app = typer.Typer(help="The keys that everything is encrypted under.", no_args_is_help=True, suggest_commands=False)


@app.command(epilog="Example: sottovoce-client key rotate")
def rotate(folder: Folder = DEFAULT_FOLDER) -> None:
    """Encrypt everything anew under new keys. An old copy of keys.json then opens nothing that was written since."""
    from client.keys.passphrase import ask_for_passphrase, given_passphrase
    from client.profile import open_profile

    with open_profile(folder) as profile:
        passphrase = given_passphrase() or ask_for_passphrase("The recovery passphrase: ")
        if passphrase is None:
            raise BadInput("key rotate: the recovery passphrase is needed; set SOTTOVOCE_PASSPHRASE")
        profile.rotate_keys(passphrase)
    print("Everything is encrypted under new keys. The passphrase is the same.")


@app.command(epilog="Example: sottovoce-client key passphrase")
def passphrase(folder: Folder = DEFAULT_FOLDER) -> None:
    """Choose another recovery passphrase. Asked in the terminal, or read from SOTTOVOCE_NEW_PASSPHRASE."""
    import os

    from client.keys.passphrase import ask_for_passphrase, require_strong
    from client.profile import open_profile

    with open_profile(folder) as profile:
        new = os.environ.get("SOTTOVOCE_NEW_PASSPHRASE") or ask_for_passphrase("The new passphrase: ")
        if new is None:
            raise BadInput("key passphrase: nobody can be asked here; set SOTTOVOCE_NEW_PASSPHRASE")
        profile.change_passphrase(require_strong(new))
    print("The new passphrase opens the profile from now on; the old one does not.")
