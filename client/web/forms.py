"""What a browser sends: only from a page of this server, of this session, and bounded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Message

from client.web.served import Served
from client.web.session import COOKIE, Session

FORM_BYTES = 65_536
FILE_BYTES = 2**30
_FIELDS = 200
MARK = "mark"


class NotAsked(Exception):
    """What is not done, and is told by a short page. status: of HTTP."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class NotEntered(Exception):
    """Whoever asks has not come in by a link."""


class NotAnsweredYet(Exception):
    """Before the first visit's choices nothing else is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """fields: as sent, of each name the last; upload: of the one file, where there is one."""

    fields: Mapping[str, str]
    upload: UploadFile | None = None

    def __getitem__(self, name: str) -> str:
        """What was sent, without spaces at its ends; nothing where it was not sent."""
        return self.fields.get(name, "").strip()


def served_by(request: Request) -> Served:
    """What this server holds."""
    served: Served = request.app.state.served
    return served


def entered(request: Request) -> Session:
    """The session. Raises NotEntered."""
    served = served_by(request)
    session = served.entrance.session(request.cookies.get(COOKIE, ""), now_s=int(served.clock()))
    if session is None:
        raise NotEntered
    return session


def decided(request: Request, session: Annotated[Session, Depends(entered)]) -> Session:
    """The same, of a listener who has made the first choices. Raises NotAnsweredYet."""
    if not served_by(request).profile().consents.receipts():
        raise NotAnsweredYet
    return session


async def sent(request: Request, session: Annotated[Session, Depends(entered)]) -> Form:
    """A form of up to 64 KiB. Raises NotAsked where it did not come from a page of this session."""
    _require_own_page(request)
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise NotAsked(415, "this is not how a form is sent")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES:
            raise NotAsked(413, f"the form has more than {FORM_BYTES:,} bytes")
    try:
        fields = dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict"))
    except ValueError:  # also of what is no UTF-8
        raise NotAsked(400, "this is no form") from None
    _require_mark(session, fields)
    return Form(fields=fields)


async def sent_with_file(request: Request, session: Annotated[Session, Depends(entered)]) -> Form:
    """A form with one file of up to 1 GiB, which lies on disk without a name until the request ends."""
    _require_own_page(request)
    if request.headers.get("content-type", "").partition(";")[0].strip() != "multipart/form-data":
        raise NotAsked(415, "this is not how a form with a file is sent")
    bounded = Request(request.scope, _bounded(request))
    try:
        parser = MultiPartParser(bounded.headers, bounded.stream(), max_files=1, max_fields=8, max_part_size=FORM_BYTES)
        parsed = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise NotAsked(400, "this is no form") from None
    fields = {name: value for name, value in parsed.multi_items() if isinstance(value, str)}
    _require_mark(session, fields)
    files = [value for _, value in parsed.multi_items() if isinstance(value, UploadFile)]
    return Form(fields=fields, upload=files[0] if files else None)


def _bounded(request: Request):  # type: ignore[no-untyped-def]
    size_bytes = 0

    async def receive() -> Message:
        nonlocal size_bytes
        message = await request.receive()
        size_bytes += len(message.get("body", b""))
        if size_bytes > FILE_BYTES:
            raise NotAsked(413, f"the file has more than {FILE_BYTES // 2**30} GiB; use `sottovoce-client import`")
        return message

    return receive


def _require_own_page(request: Request) -> None:
    """Browsers name the page that a form stands on, and no page can make them name another."""
    if request.headers.get("origin") != f"http://{request.headers['host'].lower()}":
        raise NotAsked(403, "this form does not stand on a page of this device")


def _require_mark(session: Session, fields: Mapping[str, str]) -> None:
    if not session.allows(fields.get(MARK, "")):
        raise NotAsked(403, "this form is of another visit; go back, load the page again, and send it once more")


Entered = Annotated[Session, Depends(entered)]
Decided = Annotated[Session, Depends(decided)]
Sent = Annotated[Form, Depends(sent)]
SentWithFile = Annotated[Form, Depends(sent_with_file)]
ServedHere = Annotated[Served, Depends(served_by)]
