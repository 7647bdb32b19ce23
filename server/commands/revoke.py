"""revoke: end an invitation, or the device that used it."""

import json
import time

from server.commands.options import HERE, Folder, Json, Name

EPILOG = "Example: sottovoce-server revoke phone"


def revoke(name: Name, folder: Folder = HERE, as_json: Json = False) -> None:
    """End the invitation of that name, and the device that redeemed it: at once, while the coordinator runs."""
    from server.place import open_place
    from server.registry.database import open_registry
    from server.registry.registry import Registry

    ended = Registry(open_registry(open_place(folder).registry)).revoke(name, now_s=int(time.time()))
    devices = sum(each.device is not None for each in ended)
    if as_json:
        print(json.dumps({"invitations": len(ended) - devices, "devices": devices}))
        return
    print("It was revoked before." if not ended else "Revoked: the device." if devices else "Revoked: the invitation.")
