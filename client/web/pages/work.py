"""How far long work is: a page to look at again, and the same as JSON for the script that looks again by itself."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from client.web.forms import Entered, ServedHere
from client.web.rendering import page, then

router = APIRouter()


@router.get("/work")
def work(request: Request, session: Entered, served: ServedHere) -> Response:
    """What goes on, or how it ended."""
    if served.work.piece is None:
        return then("/")
    return page(request, "work", session=session, title=served.work.piece.name)


@router.get("/work.json")
def progress(_session: Entered, served: ServedHere) -> Response:
    """Numbers, and whether it has ended."""
    piece = served.work.piece
    if piece is None:
        return JSONResponse({"goes_on": False, "done": 0, "total": 0})
    return JSONResponse({"goes_on": piece.said is None, "done": piece.done, "total": piece.total})
