"""Today: what to play next, and why; love, hate, not now."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from client.consent.purpose import Purpose
from client.eligibility.record import latest
from client.eligibility.verdict import Job
from client.feedback.record import read_feedback, record_feedback, take_back_row
from client.feedback.said import About, Said
from client.web.forms import Decided, NotAsked, Sent, ServedHere
from client.web.rendering import page, then
from client.web.served import Served
from client.web.suggestions import still_wanted
from shared_model.listen import identity_of

router = APIRouter()
_WAIT_S = 4.0
"""How long the first list may take before the page says that it is being made."""
_TOLD = {Said.LOVE: "loved", Said.HATE: "hated", Said.NOT_NOW: "not_now"}


@router.get("/")
def today(request: Request, session: Decided, served: ServedHere) -> Response:
    """The list that was made last, without what was silenced since."""
    profile = served.profile()
    if not profile.consents.holds(Purpose.LISTENING):
        return page(request, "today", session=session, title="Today", agreed=False)
    answer, fault = served.suggestions.latest(wait_s=_WAIT_S)
    now_s = served.clock()
    entries = [] if answer is None else still_wanted(answer, profile, now_s=now_s)
    about = {} if answer is None else answer.about
    return page(
        request,
        "today",
        session=session,
        title="Today",
        agreed=True,
        fault=fault,
        making=answer is None and fault is None,
        entries=entries,
        about=about,
        loved=_loved(served),
        identity_of=identity_of,
        waits=[wait for job in Job if (wait := latest(profile.history, job)) is not None and wait.reason is not None],
    )


def _loved(served: Served) -> set[str | None]:
    profile = served.profile()
    said = read_feedback(profile.history, consent=profile.consents.listening())
    return {each.about.identity for each in said if each.said is Said.LOVE}


@router.post("/feedback")
def feedback(form: Sent, served: ServedHere) -> Response:
    """What the listener says of one track."""
    try:
        said = Said(form["said"])
    except ValueError:
        raise NotAsked(400, "this is neither love, hate nor not now") from None
    about = About(
        artist=form["artist"] or None, title=form["title"] or None, recording_mbid=form["recording_mbid"] or None
    )
    profile = served.profile()
    record_feedback(profile.history, about, said, consent=profile.consents.listening(), at_s=int(served.clock()))
    return then("/", said=_TOLD[said])


@router.post("/feedback/take-back")
def take_back(form: Sent, served: ServedHere) -> Response:
    """By the id of the row."""
    number = form["id"]
    done = number.isascii() and number.isdigit() and take_back_row(served.profile().history, int(number[:18]))
    return then("/history", said="taken_back" if done else "nothing")
