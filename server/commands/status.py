"""status, halt, resume: how the federation stands, and holding it for a while."""

import json
from typing import Any

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
    if found.quality is not None:
        print(_quality_in_words(found.quality))
    if found.release is None:
        print("No release yet; devices use the model that is installed.")
    elif found.release_round is None:
        print(f"Release {found.release} is given out, of public data alone.")
    else:
        print(f"Release {found.release} is given out, with what the rounds learned until round {found.release_round}.")


def _quality_in_words(quality: dict[str, Any]) -> str:
    """A line for each mood group, after one that says what the intervals are of."""
    lines = [f"Quality as devices report it, over {quality['rounds']} rounds; 95 % intervals, of the noise alone:"]
    for group in quality["groups"]:
        values = (f"{name} {_interval(group, key)}" for name, key in (("HR@10", "hr_at_10"), ("NDCG@10", "ndcg_at_10")))
        lines.append(f"  {group['group']}: {', '.join(values)}")
    return "\n".join(lines)


def _interval(group: dict[str, Any], key: str) -> str:
    if group[key] is None:
        return "too few plays to be told from noise"
    return f"{group[key]:.3f} ({group[f'{key}_low']:.3f} to {group[f'{key}_high']:.3f})"


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
