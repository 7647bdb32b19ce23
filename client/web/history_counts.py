"""How much was played, and from where it came, counted over all plays: with a million of them it takes a second."""

import json
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from client.store.tables import imports, library_tracks, listens, recordings

LIVE = "from your player, as you listen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """import_id: None for what players scrobbled; began_s: of the import; plays: that are still there."""

    import_id: int | None
    named: str
    began_s: int | None
    plays: int
    skipped_rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryCounts:
    """first_s, last_s: Unix seconds of plays, None where there are none; at_s: when it was counted."""

    plays: int
    recordings: int
    library_tracks: int
    first_s: int | None
    last_s: int | None
    sources: tuple[Source, ...]
    at_s: float


def count_history(history: Engine, *, at_s: float) -> HistoryCounts:
    """Reads every play once."""
    by_import = select(
        listens.c.import_id, func.count(), func.min(listens.c.started_at_s), func.max(listens.c.started_at_s)
    ).group_by(listens.c.import_id)
    with history.connect() as connection:
        counted = {row[0]: row for row in connection.execute(by_import)}
        rows = connection.execute(select(imports).order_by(imports.c.id.desc())).all()
        tracks = connection.execute(select(func.count()).select_from(recordings)).scalar_one()
        library = connection.execute(select(func.count()).select_from(library_tracks)).scalar_one()
    sources = [
        Source(
            import_id=row.id,
            named=f"{row.format}, {row.file_name}",
            began_s=row.started_at_s,
            plays=counted[row.id][1] if row.id in counted else 0,
            skipped_rows=_left_out(row.counts),
        )
        for row in rows
    ]
    if None in counted:
        sources.insert(0, Source(import_id=None, named=LIVE, began_s=None, plays=counted[None][1]))
    return HistoryCounts(
        plays=sum(row[1] for row in counted.values()),
        recordings=tracks,
        library_tracks=library,
        first_s=min((row[2] for row in counted.values()), default=None),
        last_s=max((row[3] for row in counted.values()), default=None),
        sources=tuple(sources),
        at_s=at_s,
    )


def _left_out(counts: str | None) -> int:
    """Entries that were no plays."""
    found = {} if counts is None else json.loads(counts)
    skipped = found.get("skipped", {})
    return sum(skipped.values()) if isinstance(skipped, dict) else int(skipped or 0)
