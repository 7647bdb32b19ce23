"""devices: who was invited and who joined."""

import json
import time

from server.commands.options import HERE, Folder, Json

EPILOG = "Example: sottovoce-server devices --json"


def devices(folder: Folder = HERE, as_json: Json = False) -> None:
    """Every invitation with the device that redeemed it. One invitation is one device: no more is known of people."""
    from server.place import open_place
    from server.registry.database import open_registry
    from server.registry.registry import Registry

    now_s = time.time()
    invited = Registry(open_registry(open_place(folder).registry)).invited()
    if as_json:
        rows = [
            {
                "name": each.label,
                "state": each.state(now_s=now_s),
                "number": each.device.number if each.device else None,
                "invited_at_s": each.made_at_s,
                "expires_at_s": each.expires_at_s,
                "joined_at_s": each.device.joined_at_s if each.device else None,
            }
            for each in invited
        ]
        print(json.dumps(rows))
        return
    for each in invited:
        day = time.strftime("%Y-%m-%d", time.localtime(each.made_at_s))
        print(f"{each.state(now_s=now_s):>8}  {each.label}  (invited {day})")
    if not invited:
        print("Nobody was invited yet: sottovoce-server invite NAME")
