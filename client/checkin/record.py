"""Check-ins in the mood database: written, read and deleted. Whether they may be used is not asked here."""

from sqlalchemy import Engine, delete, insert, select

from client.checkin.answers import Answers, score
from client.checkin.checkin import Checkin
from client.checkin.instrument import Instrument
from client.store.tables import answers as answers_table
from client.store.tables import checkins


def save(engine: Engine, instrument: Instrument, answers: Answers, *, at_s: int) -> Checkin:
    """Store a check-in with its score, in one transaction. answers: one entry for each item, in range.

    at_s: Unix seconds, rounded down. ValueError for answers to other questions.
    """
    if set(answers) != {item.id for item in instrument.items}:
        raise ValueError(f"the answers are not those of {instrument.name}'s items")
    checkin = Checkin(
        at_s=at_s,
        instrument=instrument.name,
        instrument_version=instrument.version,
        score=score(instrument, answers),
        answers=dict(answers),
    )
    row = {column: getattr(checkin, column) for column in ("at_s", "instrument", "instrument_version", "score")}
    with engine.begin() as connection:
        made = connection.execute(insert(checkins).values(**row)).inserted_primary_key
        assert made is not None
        rows = [{"checkin_id": made[0], "item": item, "value": value} for item, value in answers.items()]
        connection.execute(insert(answers_table), rows)
    return checkin


def read_all(engine: Engine) -> list[Checkin]:
    """Oldest first; of the same second, in the order in which they were stored."""
    with engine.connect() as connection:
        given: dict[int, dict[str, float | None]] = {}
        for row in connection.execute(select(answers_table)):
            given.setdefault(row.checkin_id, {})[row.item] = row.value
        found = connection.execute(select(checkins).order_by(checkins.c.at_s, checkins.c.id)).all()
    return [
        Checkin(
            at_s=row.at_s,
            instrument=row.instrument,
            instrument_version=row.instrument_version,
            score=row.score,
            answers=given.get(row.id, {}),
        )
        for row in found
    ]


def any_before(engine: Engine, before_s: int) -> bool:
    """Whether `delete_before` would delete one."""
    with engine.connect() as connection:
        return connection.execute(select(checkins.c.id).where(checkins.c.at_s < before_s).limit(1)).first() is not None


def delete_before(engine: Engine, before_s: int) -> int:
    """Delete check-ins older than Unix second `before_s`, with their answers; how many there were."""
    with engine.begin() as connection:
        return connection.execute(delete(checkins).where(checkins.c.at_s < before_s)).rowcount


def delete_latest(engine: Engine, instrument: str) -> bool:
    """Take back the last check-in of an instrument; whether there was one."""
    last = select(checkins.c.id).where(checkins.c.instrument == instrument)
    last = last.order_by(checkins.c.at_s.desc(), checkins.c.id.desc()).limit(1)
    with engine.begin() as connection:
        return connection.execute(delete(checkins).where(checkins.c.id.in_(last))).rowcount > 0
