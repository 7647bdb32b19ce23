"""The four choices: on the first visit before anything else, and later one by one."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from client.consent.purpose import WORDINGS, Purpose
from client.data.withdraw import withdraw
from client.web.forms import Entered, NotAsked, Sent, ServedHere
from client.web.rendering import page, then
from client.web.served import Served

router = APIRouter()


@router.get("/welcome")
def welcome(request: Request, session: Entered, served: ServedHere) -> Response:
    """Nothing is ticked."""
    if served.profile().consents.receipts():
        return then("/privacy")
    return page(request, "welcome", session=session, title="Your choices", wordings=WORDINGS)


@router.post("/welcome")
def choose(form: Sent, served: ServedHere) -> Response:
    """A receipt for each of the four, whatever was chosen."""
    consents = served.profile().consents
    for purpose in Purpose:
        consents.decide(purpose, granted=form[purpose] == "yes", at_s=int(served.clock()))
    return then("/", said="choices")


@router.post("/consent/grant")
def grant(form: Sent, served: ServedHere) -> Response:
    """To those that are ticked."""
    chosen = [purpose for purpose in Purpose if form[purpose] == "yes"]
    for purpose in chosen:
        served.profile().consents.decide(purpose, granted=True, at_s=int(served.clock()))
    return then("/privacy", said="granted" if chosen else "nothing")


@router.post("/consent/withdraw")
def withdraw_(form: Sent, served: ServedHere) -> Response:
    """One action, at once: nothing is asked back."""
    try:
        purpose = Purpose(form["purpose"])
    except ValueError:
        raise NotAsked(400, "there is no such choice") from None
    done = withdraw(served.profile(), purpose, at_s=int(served.clock()))
    served.held.changed_here()
    if purpose is Purpose.LISTENING:
        forget_what_was_learned(served)
    return then("/privacy", said="withdrawn_mood" if done.answers_destroyed else "withdrawn")


def forget_what_was_learned(served: Served) -> None:
    """What this process holds in memory of plays."""
    served.suggestions.forget()
    served.undo.forget()
