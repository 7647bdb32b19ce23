"""budget: what this device has given away, and may yet, by its own count."""

import json
import math
import time

from client.commands.options import DEFAULT_FOLDER, Folder, Json

EPILOG = "Example: sottovoce-client budget --json"


def budget(folder: Folder = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Epsilon spent and left for life and for this month, counted by the device itself and never by the server."""
    from client.ledger.budget import month_at, read_budget
    from client.profile import open_profile

    with open_profile(folder) as profile:
        found = read_budget(profile.ledger, key=profile.ledger_key, mirror=profile.mirror, month=month_at(time.time()))
    if as_json:
        print(json.dumps(found.as_json()))
        return
    if found.fault is not None:
        print(f"Spent: all of it. {found.fault}")
        return
    print(f"Spent: {found.spent}")
    print(f"Left: epsilon {_number(found.epsilon_left)} of {_number(found.epsilon_cap)} for life")
    print(f"This month ({found.month}): epsilon {found.epsilon_month:.2f} of {_number(found.monthly_cap)}")
    print(f"Rounds: {found.participations} of at most {found.max_participations}")


def _number(value: float | None) -> str:
    return "without bound" if value is None else "infinite" if math.isinf(value) else f"{value:.2f}"
