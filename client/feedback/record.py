"""Feedback in the history database: the newest word on a track replaces those that it contradicts."""

from sqlalchemy import Connection, Engine, Row, delete, false, insert, or_, select

from client.consent.kinds import ListeningConsent
from client.feedback.said import About, Feedback, Said, contradicted_by
from client.store.tables import feedback, library_tracks, recordings
from shared_model.listen import identity_of


def record_feedback(history: Engine, about: About, said: Said, *, consent: ListeningConsent, at_s: int) -> Feedback:
    """Keep it, on disk when this returns. at_s: Unix seconds.

    A track that is named by its recording_mbid alone gets the name that this device knows it by, and the other way
    round, so that whoever says it, player or page, says it of the same track.
    """
    assert consent.purpose == "listening"
    with history.begin() as connection:
        known = _completed(connection, about)
        _forget(connection, known, contradicted_by(said))
        row = {
            "identity": known.identity,
            "artist": known.artist,
            "title": known.title,
            "recording_mbid": known.recording_mbid,
            "said": said.value,
            "at_s": at_s,
        }
        made = connection.execute(insert(feedback).values(**row)).inserted_primary_key
        assert made is not None
    return Feedback(id=made[0], about=known, said=said, at_s=at_s)


def take_back(history: Engine, about: About) -> int:
    """Forget love and hate of the track; how many there were."""
    with history.begin() as connection:
        return _forget(connection, _completed(connection, about), contradicted_by(Said.LOVE))


def take_back_row(history: Engine, feedback_id: int) -> bool:
    """Forget one word, of any kind, by its id; whether it was there."""
    with history.begin() as connection:
        return connection.execute(delete(feedback).where(feedback.c.id == feedback_id)).rowcount > 0


def read_feedback(history: Engine, *, consent: ListeningConsent) -> list[Feedback]:
    """All of it, newest first."""
    assert consent.purpose == "listening"
    with history.connect() as connection:
        rows = connection.execute(select(feedback).order_by(feedback.c.at_s.desc(), feedback.c.id.desc())).all()
    return [_feedback(row) for row in rows]


def _feedback(row: Row[tuple[object, ...]]) -> Feedback:
    about = About(artist=row.artist, title=row.title, recording_mbid=row.recording_mbid)
    return Feedback(id=row.id, about=about, said=Said(row.said), at_s=row.at_s)


def _completed(connection: Connection, about: About) -> About:
    """With what the history, else the library, knows of the track."""
    for table in (recordings, library_tracks):
        if about.recording_mbid is not None and about.identity is None:
            which = table.c.recording_mbid == about.recording_mbid
        elif about.recording_mbid is None and table is recordings:
            which = recordings.c.identity == about.identity
        elif about.recording_mbid is None:
            which = table.c.title == about.title
        else:
            return about
        for row in connection.execute(select(table.c.artist, table.c.title, table.c.recording_mbid).where(which)):
            if about.identity in (None, identity_of(row.artist, row.title)):
                return About(artist=row.artist, title=row.title, recording_mbid=row.recording_mbid)
    return about


def _forget(connection: Connection, about: About, said: tuple[Said, ...]) -> int:
    same = or_(
        feedback.c.identity == about.identity if about.identity is not None else false(),
        feedback.c.recording_mbid == about.recording_mbid if about.recording_mbid is not None else false(),
    )
    return connection.execute(delete(feedback).where(same, feedback.c.said.in_(said))).rowcount
