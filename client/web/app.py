"""The app that `serve` runs: the listener's page and the players' endpoint, behind one guard."""

from collections.abc import Callable
from functools import partial

from fastapi import FastAPI, Request
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from client.profile import Profile
from client.web.forms import NotAnsweredYet, NotAsked, NotEntered
from client.web.guard import Guard
from client.web.held import HeldProfile
from client.web.listenbrainz.router import listenbrainz_router
from client.web.pages import checkin, consent, data, entrance, history, privacy, settings, today, work
from client.web.rendering import FOLDER, page, then
from client.web.served import Served
from client.web.session import Entrance, page_key
from shared_model.errors import Refused, SottovoceError

_PAGES = (entrance, consent, today, checkin, history, privacy, data, settings, work)


def make_app(profile: Profile, *, port: int, clock: Callable[[], float], stop: Callable[[], None]) -> FastAPI:
    """For 127.0.0.1:port. clock: Unix seconds; stop: ends the server, after everything was erased."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.served = Served(
        held=HeldProfile(profile, clock=clock),
        entrance=Entrance(page_key(profile.ledger_key), began_s=int(clock())),
        clock=clock,
        stop=stop,
        address=f"http://127.0.0.1:{port}",
    )
    app.mount("/static", StaticFiles(directory=FOLDER / "static"))
    for each in _PAGES:
        app.include_router(each.router)
    app.include_router(listenbrainz_router(profile, clock=clock))
    app.add_exception_handler(NotEntered, lambda _request, _error: then("/enter"))
    app.add_exception_handler(NotAnsweredYet, lambda _request, _error: then("/welcome"))
    for kind in (NotAsked, HTTPException, SottovoceError, DBAPIError):
        app.add_exception_handler(kind, _told)
    app.add_middleware(partial(Guard, port=port))
    return app


def _told(request: Request, error: Exception) -> Response:
    """A short page, with nothing in it that the listener's own words were."""
    match error:
        case NotAsked():
            status, why = error.status, str(error)
        case HTTPException():
            status, why = error.status_code, "there is nothing at this address"
        case Refused():
            status, why = 403, str(error)
        case SottovoceError():
            status, why = 400, str(error)
        case _:
            status, why = 503, "the history cannot be read or written now; try again"
    return page(request, "told", title="Not done", status=status, why=why)
