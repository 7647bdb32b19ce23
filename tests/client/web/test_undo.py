"""Deleting plays and bringing them back, at the level of rows."""

import pytest
from sqlalchemy import Engine, insert, select

from client.consent.consents import Consents
from client.consent.purpose import Purpose
from client.data.erase import erase_listens
from client.feedback.record import record_feedback
from client.feedback.said import About, Said
from client.store.tables import feedback, imports, listens, recordings
from client.web.undo import KEPT_S, Undo, read_before_deleting

IMPORTED = listens.c.import_id == 1
TRACKS = ({"artist": "A", "title": "one"}, {"artist": "B", "title": "two"})


@pytest.fixture
def consent(history: Engine):
    consents = Consents(history)
    consents.decide(Purpose.LISTENING, granted=True, at_s=1)
    return consents.listening()


@pytest.fixture
def played(history: Engine, consent) -> Engine:
    """Two tracks of one import, of which the second was also played live; both are loved."""
    with history.begin() as connection:
        connection.execute(insert(imports).values(id=1, format="spotify", file_name="f", started_at_s=1))
        for number, track in enumerate(TRACKS, 1):
            identity = About(**track).identity
            connection.execute(insert(recordings).values(id=number, identity=identity, **track))
            connection.execute(insert(listens).values(recording_id=number, started_at_s=number, import_id=1))
        connection.execute(insert(listens).values(recording_id=2, started_at_s=100))
    for track in TRACKS:
        record_feedback(history, About(**track), Said.LOVE, consent=consent, at_s=5)
    return history


def rows(history: Engine) -> dict[str, set[tuple[object, ...]]]:
    with history.connect() as connection:
        return {
            "plays": {
                tuple(row)
                for row in connection.execute(
                    select(recordings.c.identity, listens.c.started_at_s).join_from(listens, recordings)
                )
            },
            "said": {tuple(row) for row in connection.execute(select(feedback.c.identity, feedback.c.said))},
            "imports": {tuple(row) for row in connection.execute(select(imports.c.file_name))},
        }


def test_what_was_deleted_comes_back_as_it_was(played: Engine, consent) -> None:
    before, undo = rows(played), Undo()
    undo.keep(read_before_deleting(played, IMPORTED), now_s=0)
    assert erase_listens(played, IMPORTED).feedback == 1  # of the one that is not played any more
    assert {identity for identity, _ in rows(played)["said"]} == {About(**TRACKS[1]).identity}
    assert undo.bring_back(played, consent=consent, now_s=KEPT_S - 1) == 2
    assert rows(played) == before
    assert undo.bring_back(played, consent=consent, now_s=KEPT_S - 1) == 0  # once


def test_what_was_said_meanwhile_stands(played: Engine, consent) -> None:
    undo = Undo()
    undo.keep(read_before_deleting(played, IMPORTED), now_s=0)
    erase_listens(played, IMPORTED)
    record_feedback(played, About(**TRACKS[0]), Said.HATE, consent=consent, at_s=9)
    undo.bring_back(played, consent=consent, now_s=1)
    assert {said for identity, said in rows(played)["said"] if identity == About(**TRACKS[0]).identity} == {"hate"}


def test_after_its_time_nothing_is_kept(played: Engine, consent) -> None:
    undo = Undo()
    undo.keep(read_before_deleting(played, IMPORTED), now_s=0)
    erase_listens(played, IMPORTED)
    assert undo.offers(now_s=KEPT_S - 1) == 2
    assert undo.offers(now_s=KEPT_S) == 0
    assert undo.bring_back(played, consent=consent, now_s=KEPT_S) == 0
