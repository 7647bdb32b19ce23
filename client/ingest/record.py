"""Listens into the history, each once: a batch is one transaction, on disk when it is counted.

Plays of one recording that start within 30 s of each other are one, whatever order they come in: between 0, 20 and 40 s
the first and the last stay. Of a batch the earliest start is taken first, and at one start the longest play, so that
the order of the entries inside a batch changes nothing.
"""

import json
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from sqlalchemy import Connection, Engine

from client.consent.kinds import ListeningConsent
from client.ingest.counts import Tally
from client.ingest.entry import Entry
from shared_model.listen import SAME_LISTEN_S, Listen, identity_of

BATCH = 16_384
"""Large enough that a page of an index, which a batch rewrites, is not encrypted for each single listen."""
_CACHE_KIB = 32_768
_IDENTITIES = 2**16

# plain SQL for whole batches: per listen, Core's own executemany costs three times as much
_UPSERT = """
INSERT INTO recordings (identity, artist, title, album, recording_mbid, isrc, duration_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (identity) DO UPDATE SET
    album = coalesce(album, excluded.album),
    recording_mbid = coalesce(recording_mbid, excluded.recording_mbid),
    isrc = coalesce(isrc, excluded.isrc),
    duration_ms = coalesce(duration_ms, excluded.duration_ms)
WHERE (album IS NULL AND excluded.album IS NOT NULL)
    OR (recording_mbid IS NULL AND excluded.recording_mbid IS NOT NULL)
    OR (isrc IS NULL AND excluded.isrc IS NOT NULL)
    OR (duration_ms IS NULL AND excluded.duration_ms IS NOT NULL)
"""
_RECORDING_IDS = "SELECT identity, id FROM recordings WHERE identity IN (SELECT value FROM json_each(?))"
_HELD_NEARBY = """
SELECT DISTINCT held.recording_id, held.started_at_s
FROM json_each(?) AS arriving CROSS JOIN listens AS held
    ON held.recording_id = arriving.value ->> 0
    AND held.started_at_s BETWEEN (arriving.value ->> 1) - ? AND (arriving.value ->> 1) + ?
"""
_INSERT = "INSERT INTO listens (recording_id, started_at_s, played_ms, skipped, import_id) VALUES (?, ?, ?, ?, ?)"

Identify = Callable[[str, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where listens go, and the consent without which none may."""

    history: Engine
    consent: ListeningConsent


def record(
    entries: Iterable[Entry], destination: Destination, *, import_id: int | None, tally: Tally, batch: int = BATCH
) -> None:
    """Store the listens among `entries` and count every entry in `tally`: a listen when its batch is on disk.

    import_id: of the row in `imports`; None counts alone: everything is rolled back at the end. Memory: one batch.
    """
    identify = lru_cache(maxsize=_IDENTITIES)(identity_of)
    source = iter(entries)
    with destination.history.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")
        while read := list(islice(source, batch)):
            listens = []
            for entry in read:
                if isinstance(entry, Listen):
                    listens.append(entry)
                else:
                    tally.add(entry)
            imported = record_batch(connection, listens, destination.consent, import_id, identify) if listens else 0
            if import_id is not None:
                connection.commit()
            tally.imported += imported
            tally.duplicate += len(listens) - imported
        connection.rollback()


def record_batch(
    connection: Connection,
    listens: Sequence[Listen],
    consent: ListeningConsent,
    import_id: int | None = None,
    identify: Identify = identity_of,
) -> int:
    """Store `listens`, at least one, in the transaction of `connection`; how many of them were new.

    import_id: of the row in `imports`; None: they were scrobbled live; identify: `identity_of`, or what remembers it.
    """
    assert consent.purpose == "listening"
    arriving = sorted(((identify(listen.artist, listen.title), listen) for listen in listens), key=_order)
    connection.exec_driver_sql(_UPSERT, _recordings(arriving))
    identities = json.dumps(list(dict.fromkeys(identity for identity, _ in arriving)), ensure_ascii=False)
    found = connection.exec_driver_sql(_RECORDING_IDS, (identities,))
    ids: dict[str, int] = {row.identity: row.id for row in found}
    starts = json.dumps([(ids[identity], listen.started_at_s) for identity, listen in arriving])
    taken: dict[int, list[int]] = {}
    for recording_id, started_at_s in connection.exec_driver_sql(_HELD_NEARBY, (starts, SAME_LISTEN_S, SAME_LISTEN_S)):
        insort(taken.setdefault(recording_id, []), started_at_s)
    new = []
    for identity, listen in arriving:
        if _take(taken.setdefault(ids[identity], []), listen.started_at_s):
            new.append((ids[identity], listen.started_at_s, listen.played_ms, listen.skipped, import_id))
    if new:
        connection.exec_driver_sql(_INSERT, sorted(new, key=lambda row: row[:2]))
    return len(new)


def _order(arriving: tuple[str, Listen]) -> tuple[object, ...]:
    identity, listen = arriving
    return (
        identity,
        listen.started_at_s,
        -(listen.played_ms or 0),
        listen.skipped is not True,
        listen.artist,
        listen.title,
        listen.album or "",
        listen.recording_mbid or "",
        listen.isrc or "",
        listen.duration_ms or 0,
    )


def _recordings(arriving: list[tuple[str, Listen]]) -> list[tuple[str | int | None, ...]]:
    """A row for each recording: of each fact the first that is known."""
    rows: dict[str, list[str | int | None]] = {}
    for identity, listen in arriving:
        facts = (listen.album, listen.recording_mbid, listen.isrc, listen.duration_ms)
        row = rows.get(identity)
        if row is None:
            rows[identity] = [identity, listen.artist, listen.title, *facts]
        else:
            for column, fact in enumerate(facts, start=3):
                if row[column] is None:
                    row[column] = fact
    return [tuple(row) for row in rows.values()]


def _take(starts: list[int], start: int) -> bool:
    """Add `start` to the sorted `starts`, unless one lies within 30 s of it."""
    place = bisect_left(starts, start)
    if any(abs(near - start) <= SAME_LISTEN_S for near in starts[max(0, place - 1) : place + 1]):
        return False
    starts.insert(place, start)
    return True
