"""doctor: what is well, and how to mend what is not."""

import json
import time

import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json

EPILOG = "Example: sottovoce-client doctor"
_SIGNS = {"ok": "ok   ", "note": "note ", "fault": "FAULT"}


def doctor(folder: Folder = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Check keys, files, databases, ledger, release, encoders and space. Exit code 1 where one is to be mended."""
    from client.data.doctor import Health, examine
    from client.profile import open_profile

    with open_profile(folder, delete_old=False) as profile:
        found = list(examine(profile, now_s=time.time()))
    if as_json:
        print(json.dumps([{"what": each.what, "health": each.health, "said": each.said} for each in found]))
    else:
        for each in found:
            print(f"{_SIGNS[each.health]} {each.what}: {each.said}")
    if any(each.health is Health.FAULT for each in found):
        raise typer.Exit(1)
