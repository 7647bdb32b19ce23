"""Check-in: the shipped instruments. Every question can be skipped, and no answer is shown again or in an address."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from client.checkin.answers import Answers, parse_answer, reaches_help
from client.checkin.due import standings
from client.checkin.help_page import help_page
from client.checkin.instrument import Instrument
from client.checkin.record import delete_latest, read_all, save
from client.checkin.shipped import shipped
from client.consent.purpose import Purpose
from client.web.forms import Decided, Form, NotAsked, Sent, ServedHere
from client.web.rendering import page, then

router = APIRouter()
FIRST = "affective_slider"


@router.get("/checkin")
def checkin(request: Request, session: Decided, served: ServedHere, instrument: str = FIRST) -> Response:
    """The questions of one instrument, and which others there are."""
    profile = served.profile()
    chosen = _shipped(instrument)
    mood = profile.mood()
    stored = [] if mood is None else read_all(mood)
    return page(
        request,
        "checkin",
        session=session,
        title="Check-in",
        chosen=chosen,
        standings=standings(shipped(), stored, now_s=served.clock()),
        used=profile.consents.holds(Purpose.MOOD),
        undoable=any(each.instrument == chosen.name for each in stored),
    )


@router.post("/checkin")
def keep(request: Request, session: Decided, form: Sent, served: ServedHere) -> Response:
    """Store the answers that were given, or nothing where all were skipped."""
    chosen = _shipped(form["instrument"])
    answers = _answers(chosen, form)
    if all(value is None for value in answers.values()):
        return then("/checkin", said="nothing")
    done = save(served.profile().mood_for_writing(), chosen, answers, at_s=int(served.clock()))
    served.held.changed_here()
    if reaches_help(chosen, done.answers):
        return page(request, "help", session=session, title="Help", text=help_page())
    return then("/checkin", said="checked_in")


@router.post("/checkin/undo")
def undo(form: Sent, served: ServedHere) -> Response:
    """Delete the last one of an instrument."""
    mood = served.profile().mood()
    done = mood is not None and delete_latest(mood, _shipped(form["instrument"]).name)
    return then("/checkin", said="checkin_undone" if done else "nothing")


def _shipped(name: str) -> Instrument:
    found = next((each for each in shipped() if each.name == name), None)
    if found is None:
        raise NotAsked(404, "there is no such questionnaire")
    return found


def _answers(instrument: Instrument, form: Form) -> Answers:
    """A slider that nobody moved stands somewhere all the same: it counts only where its box is ticked."""
    answers: dict[str, float | None] = {}
    for item in instrument.items:
        given = form[item.id] if instrument.scale.step or form[f"use-{item.id}"] == "yes" else ""
        try:
            answers[item.id] = parse_answer(given, instrument)
        except ValueError:
            raise NotAsked(400, "an answer is none that can be given; nothing was stored") from None
    return answers
