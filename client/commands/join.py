"""join: enrol this device with a federation."""

import json
import time
from typing import Annotated

import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json

EPILOG = "Example: sottovoce-client join phone.invitation"


def join(
    invitation: Annotated[str, typer.Argument(help="The invitation, or the file with it.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Enrol this device, pin the federation's keys, and fetch its release. Started again it goes on where it was."""
    from client.enrolment.join import given_invitation
    from client.enrolment.join import join as enrol
    from client.profile import open_profile

    given = given_invitation(invitation)
    with open_profile(folder) as profile:
        listening, rounds = profile.consents.listening(), profile.consents.rounds()
        member = enrol(profile, given, listening=listening, rounds=rounds, now_s=time.time())
    release = member.release.manifest.number if member.release.manifest else None
    if as_json:
        print(json.dumps({"federation": member.pins.name, "release": release, "fetched": member.release.fetched}))
        return
    held = "It has released nothing yet." if release is None else f"Its release {release} is here, checked."
    print(f"This device is in the federation {member.pins.name}. {held}")
