"""The routes for players, at every base address that players make of the one they are given."""

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps

from fastapi import APIRouter, FastAPI, Request
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from client.ingest.live import LiveHistory
from client.keys.player_token import PlayerToken
from client.profile import Profile
from client.web.listenbrainz.answers import Rejected, ok
from client.web.listenbrainz.feedback import Opinion, msid_of, read_opinion, record_opinion
from client.web.listenbrainz.recorder import Recorder
from client.web.listenbrainz.submission import LONGEST_BODY_BYTES, ListenType, read_submission
from client.web.listenbrainz.web_scrobbler import read_event
from shared_model.errors import Refused

USER_NAME = "sottovoce"
_BASE = re.compile(r"/*(apis/listenbrainz/*)?(1/*){0,2}")
_SCHEME = "token"
Endpoint = Callable[[Request], Awaitable[Response]]


def listenbrainz_router(profile: Profile, *, clock: Callable[[], float] = time.time) -> APIRouter:
    """`submit-listens`, `validate-token` and `feedback/recording-feedback` below `/`, `/1/`, `/apis/listenbrainz` and
    `/apis/listenbrainz/1`, and `web-scrobbler/TOKEN`. clock: Unix seconds.

    A router that an app includes as it is: it brings its own lifespan. The token stands in the address of the webhook,
    so that requests must not be logged with theirs.
    """
    token = PlayerToken(profile.folder, ledger_key=profile.ledger_key)
    recorder = Recorder(LiveHistory(profile.history))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await recorder.close()

    async def submit_listens(request: Request) -> Response:
        _authorize(request, token)
        submission = read_submission(await _body(request), now_s=int(clock()))
        await recorder.record(submission.listens)
        if submission.type is ListenType.SINGLE and request.query_params.get("return_msid") == "true":
            return ok(recording_msid=msid_of(submission.listens[0].identity))
        return ok()

    async def record(opinion: Opinion) -> None:
        consent = profile.consents.listening()
        await run_in_threadpool(record_opinion, profile.history, opinion, consent=consent, at_s=int(clock()))

    async def validate_token(request: Request) -> Response:
        shown = _shown(request) or request.query_params.get("token")
        if shown is None:
            raise Rejected(400, "an Authorization header with the token is needed")
        if not token.accepts(shown):
            return JSONResponse({"code": 200, "message": "Token invalid.", "valid": False})
        return JSONResponse({"code": 200, "message": "Token valid.", "valid": True, "user_name": USER_NAME})

    async def recording_feedback(request: Request) -> Response:
        _authorize(request, token)
        await record(read_opinion(await _body(request)))
        return ok()

    async def web_scrobbler(request: Request) -> Response:
        if not token.accepts(request.path_params["token"]):
            raise Rejected(401, "the token in the address is not the one that `sottovoce-client token` prints")
        event = read_event(await _body(request), now_s=int(clock()))
        await recorder.record(event.listens)
        if event.opinion is not None:
            await record(event.opinion)
        return ok()

    router = APIRouter(lifespan=lifespan)
    for path, method, endpoint in (
        ("/{base:path}submit-listens", "POST", submit_listens),
        ("/{base:path}validate-token", "GET", validate_token),
        ("/{base:path}feedback/recording-feedback", "POST", recording_feedback),
        ("/web-scrobbler/{token}", "POST", web_scrobbler),
    ):
        router.add_route(path, _answering(endpoint), methods=[method], include_in_schema=False)
    return router


def _answering(endpoint: Endpoint) -> Endpoint:
    """Whatever goes wrong is told in the shape that players read."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            if not _BASE.fullmatch(request.path_params.get("base", "")):
                raise Rejected(404, "there is nothing at this address; see docs/players.md for the ones there are")
            return await endpoint(request)
        except Rejected as rejected:
            return rejected.answer()
        except Refused as refused:
            return Rejected(403, str(refused)).answer()
        except DBAPIError:
            # also of a profile whose keys were changed meanwhile; a player tries again
            return Rejected(503, "the history cannot be written now, and nothing was stored").answer()

    return answered


def _authorize(request: Request, token: PlayerToken) -> None:
    shown = _shown(request)
    if shown is None:
        raise Rejected(401, "an Authorization header is needed: `Token` and what `sottovoce-client token` prints")
    if not token.accepts(shown):
        raise Rejected(401, "this token is not the one that `sottovoce-client token` prints")


def _shown(request: Request) -> str | None:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    return shown.strip() if scheme.lower() == _SCHEME else None


async def _body(request: Request) -> bytes:
    """At most what a thousand listens may have; a longer one is not read to its end."""
    parts, size_bytes = [], 0
    async for part in request.stream():
        size_bytes += len(part)
        if size_bytes > LONGEST_BODY_BYTES:
            raise Rejected(413, f"the body has more than {LONGEST_BODY_BYTES:,} bytes")
        parts.append(part)
    return b"".join(parts)
