"""What waited and why, as it is shown: the newest 200 verdicts, in the history database."""

from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select

from client.eligibility.verdict import Job, Verdict
from client.store.tables import waits

KEPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """at_s: Unix seconds. reason: "waiting: ..."; None where the job went ahead."""

    at_s: int
    job: Job
    reason: str | None


def note(engine: Engine, verdict: Verdict, *, job: Job, at_s: int) -> Wait:
    """Keep it, and forget what is older than the newest `KEPT`."""
    with engine.begin() as connection:
        connection.execute(insert(waits).values(at_s=at_s, job=job, reason=verdict.reason))
        newest = select(waits.c.id).order_by(waits.c.id.desc()).limit(KEPT)
        connection.execute(delete(waits).where(waits.c.id.not_in(newest)))
    return Wait(at_s=at_s, job=job, reason=verdict.reason)


def latest(engine: Engine, job: Job) -> Wait | None:
    """The last verdict on `job`, or None before the first one."""
    return next(iter(newest(engine, 1, job=job)), None)


def newest(engine: Engine, count: int, *, job: Job | None = None) -> list[Wait]:
    """Newest first; of one job, or of all."""
    query = select(waits.c.at_s, waits.c.job, waits.c.reason).order_by(waits.c.id.desc()).limit(count)
    if job is not None:
        query = query.where(waits.c.job == job)
    with engine.connect() as connection:
        return [Wait(at_s=row.at_s, job=Job(row.job), reason=row.reason) for row in connection.execute(query)]
