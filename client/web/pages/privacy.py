"""Privacy: what was given away, what is left, to whom what is visible, and every choice with its way back."""

import math
from collections.abc import Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from client.consent.purpose import WORDINGS, Purpose
from client.eligibility.record import newest
from client.enrolment.pins import read_pins
from client.files import SETTINGS
from client.ledger.budget import Budget, month_at, read_budget
from client.ledger.ledger import Busy, open_ledger
from client.node.sent import KEPT, newest_sent
from client.profile import Profile
from client.settings import change_setting
from client.web.forms import Decided, Sent, ServedHere
from client.web.rendering import page, then
from shared_model.books.entries import Debit
from shared_model.errors import Refused
from shared_model.privacy.spent import Trust

router = APIRouter()
_UPDATES, _WAITS = 10, 8
VISIBLE = {
    Trust.CENTRAL: (
        "your device's clipped update, each time, and that it came from this device; it adds the noise itself",
        "your plays, titles, answers, or anything but that update",
        "Against the server nothing is promised: you trust it to add the noise and to forget the update.",
    ),
    Trust.DISTRIBUTED: (
        "the sum of the updates of all devices in the round, with the noise that they added, and who was in it",
        "your own update, your plays, titles or answers",
        "Against the server it holds as long as enough of the devices are honest and stay to the end.",
    ),
    Trust.LOCAL: (
        "your device's update with all of its noise already in it",
        "your update without noise, your plays, titles or answers",
        "Against the server it holds always, whatever the server does.",
    ),
}
"""By who adds the noise: what the server could see, what it could not, and what that means."""


@router.get("/privacy")
def privacy(request: Request, session: Decided, served: ServedHere) -> Response:
    """Numbers from this device's own ledger, never from the server."""
    profile = served.profile()
    budget = _budget(profile, month=month_at(served.clock()))
    updates = _updates(profile)
    pins = read_pins(profile.history)
    return page(
        request,
        "privacy",
        session=session,
        title="Privacy",
        budget=budget,
        infinite=math.isinf,
        updates=updates[-_UPDATES:][::-1],
        sent={(each.run, each.round): each for each in newest_sent(profile.history, KEPT)},
        visible=VISIBLE,
        trusts=list(dict.fromkeys(debit.trust for debit in updates)) or list(Trust),
        federation=None if pins is None else pins.name,
        wordings=WORDINGS,
        held={purpose: profile.consents.holds(purpose) for purpose in Purpose},
        receipts=profile.consents.receipts()[::-1][:_UPDATES],
        paused=profile.settings.eligibility.paused,
        waits=newest(profile.history, _WAITS),
    )


@router.post("/privacy/pause")
def pause(form: Sent, served: ServedHere) -> Response:
    """Whether anything works by itself."""
    paused = form["paused"] == "yes"
    change_setting(served.profile().folder / SETTINGS, "eligibility.paused", "true" if paused else "")
    return then("/privacy", said="paused" if paused else "resumed")


def _budget(profile: Profile, *, month: str) -> Budget | None:
    """None while a round is under way, which has the ledger."""
    try:
        return read_budget(profile.ledger, key=profile.ledger_key, mirror=profile.mirror, month=month)
    except Busy:
        return None


def _updates(profile: Profile) -> Sequence[Debit]:
    """Every round that was paid for, oldest first; none where the ledger cannot be read, which the budget says."""
    try:
        with open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger:
            return [entry for entry in ledger.entries if isinstance(entry, Debit)]
    except Refused:
        return []
