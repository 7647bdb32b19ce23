"""Data: taking everything along, and erasing everything."""

import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from client.data.erase import erase_everything
from client.data.export import write_everything
from client.web.forms import Decided, Sent, ServedHere
from client.web.rendering import page, then
from client.web.session import COOKIE
from client.web.work import Progress

router = APIRouter()
_CHUNK_BYTES = 2**20


@router.get("/data")
def data(request: Request, session: Decided, served: ServedHere) -> Response:
    """What can be done with all of it."""
    return page(
        request,
        "data",
        session=session,
        title="Data",
        folder=str(served.held.folder),
        ready=served.exported.offers(now_s=served.clock()),
        unticked=False,
    )


@router.post("/data/export")
def export(_form: Sent, served: ServedHere) -> Response:
    """Write the zip where nobody finds it; the page then offers it."""
    profile = served.profile()

    def task(progress: Progress) -> str:
        file = cast(BinaryIO, tempfile.TemporaryFile(dir=profile.folder))  # noqa: SIM115  # it outlives this function
        rows = write_everything(profile, file, progress=progress)
        served.exported.keep(file, now_s=served.clock())
        return f"Your export is ready: {sum(rows.values()):,} rows of {len(rows)} tables. Fetch it within ten minutes."

    return then("/work") if served.work.begin("Exporting", task, back="/data") else then("/data", said="busy")


@router.get("/data/sottovoce-export.zip")
def fetch(_session: Decided, served: ServedHere) -> Response:
    """Once."""
    file = served.exported.take() if served.exported.offers(now_s=served.clock()) else None
    if file is None:
        return then("/data", said="nothing")
    size_bytes = file.seek(0, 2)
    file.seek(0)
    headers = {
        "Content-Disposition": 'attachment; filename="sottovoce-export.zip"',
        "Content-Length": str(size_bytes),
    }
    return StreamingResponse(
        _chunks(file), media_type="application/zip", headers=headers, background=BackgroundTask(file.close)
    )


@router.post("/data/erase")
def erase(request: Request, session: Decided, form: Sent, served: ServedHere) -> Response:
    """Keys first; then there is nothing to serve, and the server ends."""
    if form["sure"] != "yes":
        return page(
            request,
            "data",
            session=session,
            title="Data",
            folder=str(served.held.folder),
            ready=served.exported.offers(now_s=served.clock()),
            unticked=True,
            status=400,
        )
    if served.work.goes_on:
        return then("/data", said="busy")
    served.exported.forget()
    served.undo.forget()
    served.suggestions.forget()
    served.counts.forget()
    erase_everything(served.held.folder)
    response = page(request, "erased", title="Erased")
    response.delete_cookie(COOKIE)
    response.background = BackgroundTask(served.stop)
    return response


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while part := file.read(_CHUNK_BYTES):
        yield part
