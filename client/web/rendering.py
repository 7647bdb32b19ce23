"""Pages from templates: everything is escaped, and every page knows what is shown around its content."""

import time
from datetime import datetime
from pathlib import Path

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from client.web.forms import MARK, served_by
from client.web.session import COOKIE, Session

FOLDER = Path(__file__).parent
PAGES = (
    ("/", "Today"),
    ("/checkin", "Check-in"),
    ("/history", "History"),
    ("/privacy", "Privacy"),
    ("/data", "Data"),
    ("/settings", "Settings"),
)
SAID = "sottovoce_said"
"""Cookie with the name of a sentence that the next page shows once. Its words are ours: nothing personal is in it."""

_templates = Environment(
    loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def page(
    request: Request, name: str, *, session: Session | None = None, title: str, status: int = 200, **shown: object
) -> HTMLResponse:
    """The template `name` with what is `shown`. session: None before anybody came in."""
    served = served_by(request)
    template = _templates.get_template(f"{name}.html")
    content = template.render(
        title=title,
        path=request.url.path,
        pages=PAGES,
        mark_name=MARK,
        mark=None if session is None else session.mark,
        piece=served.work.piece if session is not None else None,
        said=_SENTENCES.get(request.cookies.get(SAID, "")) if session is not None else None,
        **shown,
    )
    response = HTMLResponse(content, status_code=status)
    if SAID in request.cookies:
        response.delete_cookie(SAID)
    return response


def then(path: str, *, said: str | None = None) -> RedirectResponse:
    """After a form: the page to look at, which loading again does not send anew. said: a name in `_SENTENCES`."""
    response = RedirectResponse(path, status_code=303)
    if said is not None:
        assert said in _SENTENCES
        response.set_cookie(SAID, said, max_age=60, httponly=True, samesite="strict")
    return response


def leave(path: str) -> RedirectResponse:
    """Out: the browser forgets."""
    response = then(path)
    response.delete_cookie(COOKIE)
    return response


def day(at_s: float | None) -> str:
    """A day, where the listener is."""
    return "" if at_s is None else time.strftime("%-d %B %Y", time.localtime(at_s))


def moment(at_s: float | None) -> str:
    """A day and a time, where the listener is."""
    return "" if at_s is None else datetime.fromtimestamp(at_s).strftime("%-d %B %Y, %H:%M")


_templates.filters |= {"day": day, "moment": moment, "number": lambda count: f"{count:,}"}

_SENTENCES = {
    "choices": "Your choices are kept. You can change each of them at any time, on the Privacy page.",
    "loved": "Loved.",
    "hated": "It will not be suggested again.",
    "not_now": "It will not be suggested for a week.",
    "taken_back": "Taken back.",
    "checked_in": "Your answers are kept on this device, encrypted.",
    "checkin_undone": "The last check-in was deleted.",
    "granted": "Agreed.",
    "withdrawn": "Withdrawn, at once.",
    "withdrawn_mood": "Withdrawn. The key of your answers was destroyed, and the answers with it.",
    "paused": "Paused: nothing is tuned and no round is taken part in until you say so.",
    "resumed": "No longer paused.",
    "settings": "Kept.",
    "token": "There is a new token; the one before is refused from now on.",
    "busy": "Something else is being done. Wait for it to end, then try again.",
    "nothing": "There was nothing to do.",
}
