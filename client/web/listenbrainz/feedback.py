"""Love and hate as players send them, of a recording by its MusicBrainz id or by the msid that we handed out.

An msid here is a UUID of the recording's identity (RFC 9562, version 5), so that nothing is kept to know it again.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import Engine, select

from client.consent.kinds import ListeningConsent
from client.feedback.record import record_feedback, take_back
from client.feedback.said import About, Said
from client.ingest.entry import Fault
from client.ingest.fields import fields, mbid
from client.store.tables import recordings
from client.web.listenbrainz.answers import Rejected
from client.web.listenbrainz.submission import read_json

_NAMESPACE = uuid.UUID("5f0d8a52-6d3c-4d2b-9a51-6f6a0e1c7b42")
_SAID = {1: Said.LOVE, -1: Said.HATE, 0: None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """said: None takes back what was said. Of its track either `about` or the msid is known."""

    said: Said | None
    about: About | None = None
    recording_msid: str | None = None


def read_opinion(body: bytes) -> Opinion:
    """Of the body of `recording-feedback`. Raises Rejected (400)."""
    try:
        given = fields(read_json(body))
    except Fault as fault:
        raise Rejected(400, f"the body {fault}") from None
    score = given.get("score")
    if isinstance(score, bool) or not isinstance(score, int) or score not in _SAID:
        raise Rejected(400, "'score' is none of 1, 0 and -1")
    ids = {key: mbid(given[key]) for key in ("recording_mbid", "recording_msid") if given.get(key) is not None}
    if len(ids) != 1 or None in ids.values():
        raise Rejected(400, "exactly one of 'recording_mbid' and 'recording_msid' is needed, as a UUID")
    recording_mbid = ids.get("recording_mbid")
    return Opinion(
        said=_SAID[score],
        about=None if recording_mbid is None else About(recording_mbid=recording_mbid),
        recording_msid=ids.get("recording_msid"),
    )


def msid_of(identity: str) -> str:
    """The msid of a recording."""
    return str(uuid.uuid5(_NAMESPACE, identity))


def record_opinion(history: Engine, opinion: Opinion, *, consent: ListeningConsent, at_s: int) -> None:
    """On disk when it returns. Raises Rejected (404) for an msid of what was never played here."""
    about = opinion.about or _meant(history, opinion.recording_msid)
    if opinion.said is None:
        take_back(history, about)
    else:
        record_feedback(history, about, opinion.said, consent=consent, at_s=at_s)


def _meant(history: Engine, msid: str | None) -> About:
    with history.connect() as connection:
        for row in connection.execute(select(recordings.c.identity, recordings.c.artist, recordings.c.title)):
            if msid_of(row.identity) == msid:
                return About(artist=row.artist, title=row.title)
    raise Rejected(404, "this 'recording_msid' is of no recording that was played on this device")
