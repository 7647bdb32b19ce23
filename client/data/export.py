"""Everything that is held, as a zip of JSON: every table, the ledger's rows, the settings, and plays to take along.

`listens/` has the shape of ListenBrainz' own export, so that other programs, this one among them, import it.
"""

import json
import os
import time
import zipfile
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine, RowMapping, Table, select

from client.data.whole_file import new_file
from client.files import LEDGER, SETTINGS
from client.profile import Profile
from client.store.tables import HISTORY, MOOD, listens, recordings
from shared_model.errors import BadInput

Progress = Callable[[int, int], None]

_README = """What sottovoce held about you on this device, in full. It is not encrypted: keep it safe, or delete it.

tables/NAME.jsonl   every row of every table; bytes are hexadecimal
listens/            your plays in the shape of ListenBrainz' export
ledger.jsonl        every training round that counted against this device's budget
settings.toml       what you chose
"""


def unseen(done: int, total: int) -> None:
    """Where nobody watches."""
    del done, total


def export_everything(profile: Profile, out: Path) -> dict[str, int]:
    """Write the zip, readable by its owner alone; rows by table. Raises BadInput where `out` exists or cannot be made.

    The file appears when it is whole.
    """
    try:
        if os.path.lexists(out):
            raise FileExistsError
        with new_file(out) as file:
            return write_everything(profile, file)
    except FileExistsError as error:
        raise BadInput(f"export: {out} exists; name a new file with --out") from error
    except OSError as error:
        raise BadInput(f"export: {out} cannot be written ({error.strerror}); name another file with --out") from error


def write_everything(profile: Profile, file: BinaryIO, *, progress: Progress = unseen) -> dict[str, int]:
    """The same zip into an open file. progress: told how many tables are written, and of how many."""
    rows: dict[str, int] = {}
    kept = [(engine, tables) for engine, tables in ((profile.history, HISTORY), (profile.mood(), MOOD)) if engine]
    every = [(engine, table) for engine, tables in kept for table in tables.sorted_tables]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _README)
        for done, (engine, table) in enumerate(every):
            progress(done, len(every) + 1)
            rows[table.name] = _write_table(archive, engine, table)
        progress(len(every), len(every) + 1)
        _write_listens(archive, profile.history)
        for name in (LEDGER, SETTINGS):
            if (profile.folder / name).exists():
                archive.write(profile.folder / name, name)
    return rows


def _write_table(archive: zipfile.ZipFile, engine: Engine, table: Table) -> int:
    count = 0
    with engine.connect() as connection, archive.open(f"tables/{table.name}.jsonl", "w") as file:
        for row in connection.execution_options(yield_per=1000).execute(select(table)).mappings():
            held = {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
            file.write(json.dumps(held, ensure_ascii=False).encode() + b"\n")
            count += 1
    return count


def _write_listens(archive: zipfile.ZipFile, history: Engine) -> None:
    wanted = (
        listens.c.started_at_s,
        listens.c.played_ms,
        *(recordings.c[name] for name in ("artist", "title", "album", "recording_mbid", "isrc", "duration_ms")),
    )
    # a skip is no listen to ListenBrainz; tables/listens.jsonl has them
    heard = select(*wanted).join(recordings).where(listens.c.skipped.is_not(True))
    newest_last = heard.order_by(listens.c.started_at_s, listens.c.id)
    with history.connect() as connection:
        found = connection.execution_options(yield_per=1000).execute(newest_last).mappings()
        for month, some in groupby(found, key=lambda row: time.gmtime(row["started_at_s"])[:2]):
            with archive.open(f"listens/{month[0]}/{month[1]}.jsonl", "w") as file:
                for line in map(_listen, some):
                    file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")


def _listen(row: RowMapping) -> dict[str, object]:
    about = {
        "recording_mbid": row["recording_mbid"],
        "isrc": row["isrc"],
        "duration_ms": row["duration_ms"],
        "duration_played": None if row["played_ms"] is None else row["played_ms"] / 1000,
        "submission_client": "sottovoce",
    }
    return {
        "listened_at": row["started_at_s"],
        "track_metadata": {
            "artist_name": row["artist"],
            "track_name": row["title"],
            "release_name": row["album"],
            "additional_info": {name: value for name, value in about.items() if value is not None},
        },
    }
