"""History: from where plays came, how many, bringing more, and deleting some, with ten minutes to change one's mind."""

import os
import re
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from fastapi import APIRouter, Request
from sqlalchemy import ColumnElement, and_, select, true
from starlette.datastructures import UploadFile
from starlette.responses import Response

from client.consent.purpose import Purpose
from client.data.erase import count_listens, erase_listens
from client.feedback.record import read_feedback
from client.ingest.formats import FormatName
from client.ingest.import_history import import_history
from client.store.tables import listens, recordings
from client.web.forms import Decided, Form, NotAsked, Sent, SentWithFile, ServedHere
from client.web.rendering import page, then
from client.web.undo import MOST, read_before_deleting
from client.web.work import Progress

router = APIRouter()
_WAIT_S = 2.0
_SHOWN_PLAYS, _SHOWN_SAID = 10, 50
_LIVE = "live"


@router.get("/history")
def history(request: Request, session: Decided, served: ServedHere) -> Response:
    """Counts as they were last taken, and the latest plays."""
    profile = served.profile()
    counts, fault = served.counts.latest(wait_s=_WAIT_S)
    agreed = profile.consents.holds(Purpose.LISTENING)
    newest = (
        select(listens.c.started_at_s, listens.c.skipped, recordings.c.artist, recordings.c.title)
        .join(recordings)
        .order_by(listens.c.started_at_s.desc())
        .limit(_SHOWN_PLAYS)
    )
    with profile.history.connect() as connection:
        plays = connection.execute(newest).all()
    return page(
        request,
        "history",
        session=session,
        title="History",
        counts=counts,
        fault=fault,
        plays=plays,
        agreed=agreed,
        said_of=read_feedback(profile.history, consent=profile.consents.listening())[:_SHOWN_SAID] if agreed else [],
        undoable=served.undo.offers(now_s=served.clock()),
    )


@router.post("/history/import")
def import_(form: SentWithFile, served: ServedHere) -> Response:
    """An export of another service, as the browser sends it."""
    if form.upload is None or not form.upload.filename:
        return then("/history", said="nothing")
    profile = served.profile()
    consent = profile.consents.listening()
    descriptor = os.dup(_on_disk(form.upload))
    name = re.sub(r"[^\w .()+-]", "_", Path(form.upload.filename).name)[-100:] or "export"

    def task(progress: Progress) -> str:
        # the file has no name of its own; the link gives it the one that the export had
        with tempfile.TemporaryDirectory(prefix="sottovoce-") as folder:
            source = Path(folder) / name
            source.symlink_to(f"/proc/self/fd/{descriptor}")
            try:
                done = import_history(
                    source,
                    FormatName.AUTO,
                    history=profile.history,
                    consent=consent,
                    clock=lambda: int(served.clock()),
                    progress=progress,
                )
            finally:
                os.close(descriptor)
        counts = done.counts
        left_out = sum(counts.skipped.values())
        return (
            f"Imported {counts.imported:,} plays from {done.format}. {counts.duplicate:,} were there already, "
            f"{left_out:,} were no plays of music, {counts.malformed:,} could not be read."
        )

    begun = served.begin("Importing", task, back="/history")
    if not begun:
        os.close(descriptor)
    return then("/work") if begun else then("/history", said="busy")


@router.post("/history/delete")
def confirm(request: Request, session: Decided, form: Sent, served: ServedHere) -> Response:
    """How many plays it would be; nothing is deleted yet."""
    which, words = _chosen(form)
    count = count_listens(served.profile().history, which)
    if not count:
        return then("/history", said="nothing")
    kept = {name: form[name] for name in ("first", "last", "import_id") if form[name]}
    undo = count <= MOST
    return page(
        request, "delete", session=session, title="Delete plays", count=count, words=words, kept=kept, undo=undo
    )


@router.post("/history/delete/confirmed")
def delete(form: Sent, served: ServedHere) -> Response:
    """Delete them from the disk; for ten minutes this process can bring them back."""
    which, _ = _chosen(form)

    def task(_: Progress) -> str:
        profile = served.profile()
        count = count_listens(profile.history, which)
        deleted = read_before_deleting(profile.history, which) if count <= MOST else None
        erased = erase_listens(profile.history, which)
        if deleted is not None:
            served.undo.keep(deleted, now_s=served.clock())
        tuned = " What was tuned on plays was forgotten with them." if erased.tuned_heads else ""
        said = f" {erased.feedback:,} of your words on tracks went with them." if erased.feedback else ""
        return f"Deleted {erased.listens:,} plays. Nothing of them is left on the disk.{said}{tuned}"

    begun = served.begin("Deleting plays", task, back="/history")
    return then("/work") if begun else then("/history", said="busy")


@router.post("/history/undo")
def undo(_form: Sent, served: ServedHere) -> Response:
    """Bring back what was deleted last."""
    profile = served.profile()
    consent = profile.consents.listening()

    def task(_: Progress) -> str:
        count = served.undo.bring_back(profile.history, consent=consent, now_s=served.clock())
        return f"Brought back {count:,} plays." if count else "Its ten minutes are over; nothing was brought back."

    begun = served.begin("Bringing back", task, back="/history")
    return then("/work") if begun else then("/history", said="busy")


def _on_disk(upload: UploadFile) -> int:
    """Its descriptor; a small file is still in memory until then."""
    upload.file.seek(0)
    descriptor: int = upload.file.fileno()  # a spooled file rolls over to the disk when it is asked this
    return descriptor


def _chosen(form: Form) -> tuple[ColumnElement[bool], str]:
    """Which plays, and in words: days are those of UTC, first and last among them."""
    if form["import_id"]:
        number = form["import_id"]
        if number == _LIVE:
            return listens.c.import_id.is_(None), "everything that players scrobbled"
        if not (number.isascii() and number.isdigit()):
            raise NotAsked(400, "there is no such source")
        return listens.c.import_id == int(number[:18]), "everything from this source"
    first, last = _day(form["first"]), _day(form["last"])
    if first is None and last is None:
        raise NotAsked(400, "say from which day, or to which day, or both; nothing was deleted")
    which = and_(
        true() if first is None else listens.c.started_at_s >= _start_s(first),
        true() if last is None else listens.c.started_at_s < _start_s(last) + 86_400,
    )
    begin = "the beginning" if first is None else first.strftime("%-d %B %Y")
    end = "today" if last is None else last.strftime("%-d %B %Y")
    return which, f"everything from {begin} to {end}, both days included (UTC)"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise NotAsked(400, "a day is written as 2026-11-26; nothing was deleted") from None


def _start_s(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
