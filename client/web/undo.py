"""Plays that were deleted, for ten minutes, in memory alone: the disk keeps its promise, and a slip can be mended."""

import threading
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, and_, insert, or_, select

from client.consent.kinds import ListeningConsent
from client.data.erase import feedback_that_goes
from client.feedback.said import Said, contradicted_by
from client.store.tables import feedback, imports, listens, recordings

KEPT_S = 600
MOST = 100_000
"""Plays; more would fill the memory."""
_Rows = list[dict[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """Rows as they were, with their ids."""

    listens: _Rows
    recordings: _Rows
    imports: _Rows
    feedback: _Rows


class Undo:
    """Of the last deletion."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[Deleted, float] | None = None

    def offers(self, *, now_s: float) -> int:
        """How many plays can be brought back; 0 where none."""
        with self._lock:
            if self._kept is not None and now_s >= self._kept[1]:
                self._kept = None
            return 0 if self._kept is None else len(self._kept[0].listens)

    def keep(self, deleted: Deleted, *, now_s: float) -> None:
        """From now on these, and none from before."""
        with self._lock:
            self._kept = (deleted, now_s + KEPT_S)

    def bring_back(self, history: Engine, *, consent: ListeningConsent, now_s: float) -> int:
        """Store them again; how many. What came meanwhile stays."""
        assert consent.purpose == "listening"
        if not self.offers(now_s=now_s):
            return 0
        with self._lock:
            kept, self._kept = self._kept, None
        assert kept is not None
        _restore(history, kept[0])
        return len(kept[0].listens)

    def forget(self) -> None:
        """Nothing is kept."""
        with self._lock:
            self._kept = None


def read_before_deleting(history: Engine, which: ColumnElement[bool]) -> Deleted:
    """What `erase_listens` is about to delete."""
    of_plays = select(listens.c.recording_id).where(which)
    of_imports = select(listens.c.import_id).where(which)
    with history.connect() as connection:
        return Deleted(
            listens=[dict(row) for row in connection.execute(select(listens).where(which)).mappings()],
            recordings=[
                dict(row)
                for row in connection.execute(select(recordings).where(recordings.c.id.in_(of_plays))).mappings()
            ],
            imports=[
                dict(row) for row in connection.execute(select(imports).where(imports.c.id.in_(of_imports))).mappings()
            ],
            feedback=[
                dict(row) for row in connection.execute(select(feedback).where(feedback_that_goes(which))).mappings()
            ],
        )


def _restore(history: Engine, deleted: Deleted) -> None:
    """Ids may have been given away meanwhile: recordings are found again by their identity, imports by their start."""
    with history.begin() as connection:
        import_ids: dict[object, object] = {None: None}
        for row in deleted.imports:
            same = select(imports.c.id).where(
                imports.c.started_at_s == row["started_at_s"], imports.c.file_name == row["file_name"]
            )
            found = connection.execute(same).scalar()
            if found is None:
                values = {name: value for name, value in row.items() if name != "id"}
                found = connection.execute(insert(imports).values(**values).returning(imports.c.id)).scalar_one()
            import_ids[row["id"]] = found
        recording_ids: dict[object, object] = {}
        for row in deleted.recordings:
            same = select(recordings.c.id).where(recordings.c.identity == row["identity"])
            found = connection.execute(same).scalar()
            if found is None:
                values = {name: value for name, value in row.items() if name != "id"}
                found = connection.execute(insert(recordings).values(**values).returning(recordings.c.id)).scalar_one()
            recording_ids[row["id"]] = found
        again = [
            {
                "recording_id": recording_ids[row["recording_id"]],
                "started_at_s": row["started_at_s"],
                "played_ms": row["played_ms"],
                "skipped": row["skipped"],
                "import_id": import_ids[row["import_id"]],
            }
            for row in deleted.listens
        ]
        if again:
            connection.execute(insert(listens).prefix_with("OR IGNORE"), again)
        for row in deleted.feedback:
            if connection.execute(select(feedback.c.id).where(_said_since(row))).first() is None:
                values = {name: value for name, value in row.items() if name != "id"}
                connection.execute(insert(feedback).values(**values))


def _said_since(row: dict[str, object]) -> ColumnElement[bool]:
    """Whether there is a word on the track that the old one would contradict: the newest stands."""
    same = or_(
        *(feedback.c[name] == row[name] for name in ("identity", "recording_mbid") if row[name] is not None),
    )
    return and_(same, feedback.c.said.in_(contradicted_by(Said(str(row["said"])))))
