"""leave: end this device's membership."""

import json

from client.commands.options import DEFAULT_FOLDER, Folder, Json

EPILOG = "Example: sottovoce-client leave"


def leave(folder: Folder = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Forget the federation's keys, this device's node key and the releases. What was spent stays spent."""
    from client.enrolment.join import leave as end
    from client.profile import open_profile

    with open_profile(folder) as profile:
        was = end(profile)
    if as_json:
        print(json.dumps({"left": was}))
        return
    print("Left. What was spent stays in the ledger." if was else "This device is in no federation.")
