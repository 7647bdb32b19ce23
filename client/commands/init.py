"""init: make a profile."""

import json

from client.commands.options import DEFAULT_FOLDER, Folder, Json
from shared_model.errors import BadInput

EPILOG = "Example: sottovoce-client init   (it asks for a passphrase, or takes SOTTOVOCE_PASSPHRASE)"
LIFE_CAP, MONTHLY_CAP, DELTA, MOST_ROUNDS = 20.0, 8.0, 1e-6, 500


def init(
    folder: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Make a profile: keys, an encrypted history, and a budget for all that this device will ever give away."""
    from client.beginning import begin_profile
    from client.keys.passphrase import ENVIRONMENT, ask_for_passphrase, given_passphrase, require_strong
    from shared_model.books.entries import Opened

    passphrase = given_passphrase()
    if passphrase is None:
        passphrase = ask_for_passphrase("Choose a recovery passphrase (four words, say): ")
        if passphrase is None:
            raise BadInput(
                f"init: a profile needs a recovery passphrase; set {ENVIRONMENT}, or start it in a terminal. "
                "Keep it somewhere else, too: without it a lost keyring is a lost history"
            )
        require_strong(passphrase)
        if ask_for_passphrase("The same once more: ") != passphrase:
            raise BadInput("init: the two differ; nothing was made, try again")
    budget = Opened(device_cap=LIFE_CAP, delta=DELTA, max_participations=MOST_ROUNDS, monthly_cap=MONTHLY_CAP)
    begun = begin_profile(folder, passphrase=passphrase, budget=budget)
    if as_json:
        print(json.dumps({"profile": str(folder), "in_keyring": begun.in_keyring}))
        return
    opens = (
        "The keyring opens it; the passphrase does, too, should the keyring be lost."
        if begun.in_keyring
        else f"There is no keyring here, so that every command needs the passphrase: asked, or in {ENVIRONMENT}."
    )
    print(f"Made a profile in {folder}. {opens}")
    print("Nothing is learned before you agree: sottovoce-client consent grant listening")
