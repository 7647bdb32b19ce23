"""Settings: when the device may work by itself, what deletes itself, music, the player's token, and tuning."""

from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from client.eligibility.preferences import EligibilitySettings
from client.files import SETTINGS
from client.keys.player_token import new_player_token, player_token
from client.settings import RetentionSettings, Settings, change_settings
from client.web.forms import Decided, NotAsked, Sent, ServedHere
from client.web.rendering import page, then
from client.web.tasks import scan_task, tune_task
from shared_model.errors import BadInput

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One setting of the form. ticked: None for a number."""

    name: str
    label: str
    value: str
    ticked: bool | None


@router.get("/settings")
def settings(request: Request, session: Decided, served: ServedHere) -> Response:
    """As they are now."""
    profile = served.profile()
    return page(
        request,
        "settings",
        session=session,
        title="Settings",
        working=_shown("eligibility", EligibilitySettings, profile.settings),
        keeping=_shown("retention", RetentionSettings, profile.settings),
        token=player_token(profile.folder, ledger_key=profile.ledger_key),
        address=served.address,
        music=str(Path.home() / "Music"),
    )


@router.post("/settings")
def change(form: Sent, served: ServedHere) -> Response:
    """All of them, or none where one cannot be."""
    profile = served.profile()
    changes = {}
    for section, kind in (("eligibility", EligibilitySettings), ("retention", RetentionSettings)):
        for each in _shown(section, kind, profile.settings):
            given = form[each.name]
            changes[each.name] = given if each.ticked is None else ("true" if given == "yes" else "")
    try:
        change_settings(profile.folder / SETTINGS, changes)
    except BadInput as error:
        raise NotAsked(400, f"{error}. Nothing was changed") from None
    return then("/settings", said="settings")


@router.post("/settings/token")
def token(_form: Sent, served: ServedHere) -> Response:
    """Another one; the one before is refused from now on."""
    profile = served.profile()
    new_player_token(profile.folder, ledger_key=profile.ledger_key)
    return then("/settings", said="token")


@router.post("/settings/scan")
def scan(form: Sent, served: ServedHere) -> Response:
    """Of a folder of this computer."""
    if not form["folder"]:
        return then("/settings", said="nothing")
    task = scan_task(served.profile(), Path(form["folder"]).expanduser())
    begun = served.begin("Reading your music", task, back="/settings")
    return then("/work") if begun else then("/settings", said="busy")


@router.post("/settings/tune")
def tune(_form: Sent, served: ServedHere) -> Response:
    """At once: whoever asks is at the computer."""
    begun = served.begin("Tuning", tune_task(served.profile(), clock=served.clock), back="/settings")
    return then("/work") if begun else then("/settings", said="busy")


def _shown(section: str, kind: type[EligibilitySettings] | type[RetentionSettings], settings: Settings) -> list[Shown]:
    """Numbers and yes or no; what is a list is for the command line, and the pause for the Privacy page."""
    values = getattr(settings, section).model_dump(mode="json")
    found = []
    for name, field in kind.model_fields.items():
        value = values[name]
        if name == "paused" or isinstance(value, list):
            continue
        ticked = value if isinstance(value, bool) else None
        shown = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        found.append(Shown(name=f"{section}.{name}", label=field.description or name, value=shown, ticked=ticked))
    return found
