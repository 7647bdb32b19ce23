"""Coming in by a link, and going out."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from client.web.forms import Sent, ServedHere
from client.web.rendering import leave, page, then
from client.web.session import COOKIE, SESSION_S

router = APIRouter()


@router.get("/enter")
def enter(request: Request, served: ServedHere, link: str = "") -> Response:
    """Takes a link once; without one it says where to get one."""
    session = served.entrance.enter(link, now_s=int(served.clock()))
    if session is None:
        return page(request, "enter", title="Come in", status=403 if link else 200, refused=bool(link))
    response = then("/")
    response.set_cookie(COOKIE, session.cookie, max_age=SESSION_S, httponly=True, samesite="strict")
    return response


@router.post("/leave")
def leave_(_form: Sent) -> Response:
    """This browser is out."""
    return leave("/enter")
