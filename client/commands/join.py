"""join: enrol this device with a federation, and take part in its rounds."""

import json
import logging
import signal
import threading
import time
from typing import Annotated

import typer

from client.commands.options import DEFAULT_FOLDER, Folder, Json

EPILOG = "Example: sottovoce-client join phone.invitation"


def join(
    invitation: Annotated[
        str | None, typer.Argument(help="The invitation, or the file with it. None: go on as the member that you are.")
    ] = None,
    enrol_only: Annotated[bool, typer.Option("--enrol-only", help="Enrol, fetch the release, and end.")] = False,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Replace this device's node key first; stop the `join` that runs.")
    ] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE of the profile's settings; may be repeated.")
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Enrol this device, pin the federation's keys, fetch its release, and answer its rounds until you stop it.

    Started again it goes on where it was. Before each round it checks consent, eligibility, proof and budget by itself.
    """
    from client.enrolment.join import given_invitation, refresh
    from client.enrolment.join import join as enrol
    from client.enrolment.rotation import replace_key
    from client.files import SETTINGS
    from client.profile import open_profile
    from client.settings import change_settings

    given = None if invitation is None else given_invitation(invitation)
    with open_profile(folder) as profile:
        listening, rounds = profile.consents.listening(), profile.consents.rounds()
        if settings:
            change_settings(folder / SETTINGS, dict(_pair(each) for each in settings))
        if new_key:
            replace_key(profile)
        if given is None:
            member = refresh(profile, rounds=rounds, now_s=time.time())
        else:
            member = enrol(profile, given, listening=listening, rounds=rounds, now_s=time.time())
        release = member.release.manifest.number if member.release.manifest else None
        if as_json:
            told = {"federation": member.pins.name, "release": release, "fetched": member.release.fetched}
            print(json.dumps(told), flush=True)
        else:
            held = "It has released nothing yet." if release is None else f"Its release {release} is here, checked."
            print(f"This device is in the federation {member.pins.name}. {held}", flush=True)
        if enrol_only:
            return
        from client.node.member import run_member

        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        logging.getLogger("httpx").setLevel(logging.WARNING)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        run_member(profile, member.pins, stop=stop)


def _pair(change: str) -> tuple[str, str]:
    from shared_model.errors import BadInput

    name, separator, value = change.partition("=")
    if not separator:
        raise BadInput(f"join: {change!r} is not KEY=VALUE; nothing was done")
    return name.strip(), value.strip()
