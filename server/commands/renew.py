"""renew: a new certificate for the coordinator."""

import json

from server.commands.options import HERE, Folder, Json

EPILOG = "Example: sottovoce-server renew"


def renew(folder: Folder = HERE, as_json: Json = False) -> None:
    """Replace the server's certificate before it ends, by the same authority: devices notice nothing. Restart after."""
    import datetime

    from server.keys.renewing import renew as replace
    from server.place import open_place
    from server.settings import read_settings

    place = open_place(folder)
    end = replace(place, read_settings(place.settings), now=datetime.datetime.now(datetime.UTC))
    if as_json:
        print(json.dumps({"good_until": end.isoformat()}))
        return
    print(f"The certificate is good until {end:%Y-%m-%d}. A coordinator that is running takes it when it is restarted.")
