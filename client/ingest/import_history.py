"""One import: what an export holds, into the history, with a row that says how it went."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, tzinfo
from itertools import chain
from pathlib import Path

from sqlalchemy import Engine, insert, update

from client.consent.kinds import ListeningConsent
from client.ingest.counts import ImportCounts, Tally
from client.ingest.entry import Entry
from client.ingest.export import opened_export
from client.ingest.export_file import ExportFile
from client.ingest.formats import FormatName, Kind, kind_of
from client.ingest.record import BATCH, Destination, record
from client.store.tables import imports
from shared_model.errors import BadInput

Progress = Callable[[int, int], None]


def unseen(read_bytes: int, total_bytes: int) -> None:
    """Where nobody watches."""
    del read_bytes, total_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """id: of the row in `imports`, None for a dry run; format: what `auto` found."""

    id: int | None
    format: FormatName
    counts: ImportCounts


def import_history(
    source: Path,
    name: FormatName,
    *,
    history: Engine,
    consent: ListeningConsent,
    clock: Callable[[], int],
    dry_run: bool = False,
    listener: str | None = None,
    zone: tzinfo = UTC,
    progress: Progress = unseen,
    batch: int = BATCH,
) -> Imported:
    """Import a file, folder or zip. Importing it again changes nothing; killed, the same call goes on.

    clock: Unix seconds; dry_run: count alone, against what is stored, and write nothing; listener: whose plays are
    wanted of a file of several people's; zone: where the clock stood of a player that knows none; progress: told the
    bytes read so far and in all. Raises BadInput for what holds no history of the format, and for archives beyond the
    bounds; batches that were stored before stay.
    """
    with opened_export(source, listener=listener, zone=zone) as files:
        known = _known(files, name)
        if not known:
            raise BadInput(f"import: {source.name} holds {_what_else(files, name)}")
        found = _only_format(known, source)
        entries = _entries(known, progress)
        tally = Tally(found)
        destination = Destination(history=history, consent=consent)
        import_id = None if dry_run else _begin(history, found, source.name, clock())
        record(entries, destination, import_id=import_id, tally=tally, batch=batch)
    counts = tally.counts()
    if import_id is not None:
        _finish(history, import_id, counts, clock())
    return Imported(id=import_id, format=found, counts=counts)


def _known(files: list[ExportFile], name: FormatName) -> list[tuple[ExportFile, Kind]]:
    return [(file, kind) for file in files if (kind := kind_of(file, name)) is not None]


def _what_else(files: list[ExportFile], name: FormatName) -> str:
    others = sorted({kind.name for _, kind in _known(files, FormatName.AUTO)})
    if not others:
        return "no history of any format that is known; `sottovoce-client import --help` names them"
    return f"no history of the format {name}, but of {' and '.join(others)}; name {' or '.join(others)} instead"


def _only_format(known: list[tuple[ExportFile, Kind]], source: Path) -> FormatName:
    names = sorted({kind.name for _, kind in known})
    if len(names) > 1:
        raise BadInput(f"import: {source.name} holds several formats ({', '.join(names)}); name one instead of auto")
    return names[0]


def _entries(known: list[tuple[ExportFile, Kind]], progress: Progress) -> Iterator[Entry]:
    total_bytes = sum(file.size_bytes for file, _ in known)
    read_bytes = 0

    def watched(file: ExportFile) -> ExportFile:
        def count(size_bytes: int) -> None:
            nonlocal read_bytes
            read_bytes += size_bytes
            file.on_read(size_bytes)
            progress(read_bytes, total_bytes)

        return replace(file, on_read=count)

    # each file's parser is made now, so that one that refuses its file does so before anything is stored
    return chain.from_iterable([kind.parse(watched(file)) for file, kind in known])


def _begin(history: Engine, name: FormatName, file_name: str, at_s: int) -> int:
    with history.begin() as connection:
        row = insert(imports).values(format=name.value, file_name=file_name, started_at_s=at_s)
        return int(connection.execute(row.returning(imports.c.id)).scalar_one())


def _finish(history: Engine, import_id: int, counts: ImportCounts, at_s: int) -> None:
    kept = {key: value for key, value in asdict(counts).items() if key != "faults"}
    with history.begin() as connection:
        row = update(imports).where(imports.c.id == import_id)
        connection.execute(row.values(finished_at_s=at_s, counts=json.dumps(kept)))
