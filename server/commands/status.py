"""status, halt, resume: how the federation stands, and holding it for a while."""

import json

from server.commands.options import HERE, Folder, Json

STATUS_EPILOG = "Example: sottovoce-server status --json"
HALT_EPILOG = "Example: sottovoce-server halt"
RESUME_EPILOG = "Example: sottovoce-server resume"


def status(folder: Folder = HERE, as_json: Json = False) -> None:
    """Rounds, devices, epsilon and release, from the coordinator's files: it need not be running."""
    from server.operations.status import read_status
    from server.place import open_place
    from server.settings import read_settings

    place = open_place(folder)
    found = read_status(place, read_settings(place.settings))
    if as_json:
        print(json.dumps(found.as_json()))
        return
    held = ", halted" if found.halted else ""
    print(f"Round {found.round} of {found.rounds}, {found.aborted} of them aborted{held}.")
    print(f"{found.devices} devices may take part.")
    print(f"Spent: {found.spent}, {found.trust.value} trust")
    if found.release is None:
        print("No release yet; devices use the model that is installed.")
    elif found.release_round is None:
        print(f"Release {found.release} is given out, of public data alone.")
    else:
        print(f"Release {found.release} is given out, with what the rounds learned until round {found.release_round}.")


def halt(folder: Folder = HERE) -> None:
    """No round begins from now on; one that has begun is finished. Nothing that was spent is given back."""
    from server.deployment.deployment import halt as hold
    from server.operations.deployed import begin_deployment
    from server.place import open_place
    from server.settings import read_settings

    place = open_place(folder)
    hold(begin_deployment(place, read_settings(place.settings)))
    print("Halted. To go on: sottovoce-server resume")


def resume(folder: Folder = HERE) -> None:
    """Let rounds go on."""
    from server.deployment.deployment import resume as go_on
    from server.operations.deployed import deployment_folder
    from server.place import open_place

    go_on(deployment_folder(open_place(folder)))
    print("Rounds go on.")
