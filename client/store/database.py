"""Opening one of the device's encrypted databases (SQLCipher), at the schema that this program knows.

Write-ahead log and rollback journal are encrypted like the file; temporary tables stay in memory; deleted rows are
overwritten. A commit is on disk when it returns.
"""

import os
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool
from sqlcipher3 import dbapi2

from shared_model.errors import BadInput

KEY_BYTES = 32
NEWEST = {"history": "0005", "mood": "0001"}
"""The newest migration of each."""
_PRAGMAS = (
    "PRAGMA cipher_memory_security = OFF",  # else each freed page of memory is wiped, at a tenth of the speed
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 10000",
)


def create_database(path: Path, *, kind: str, key: bytes) -> Engine:
    """A new database of a `kind`, "history" or "mood". Its folder exists. Raises BadInput where the file exists."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        raise BadInput(f"store: {path.name} exists already; choose another folder") from error
    engine = _engine(path, key)
    _migrate(engine, kind)
    return engine


def open_database(path: Path, *, kind: str, key: bytes) -> Engine:
    """An existing database, migrated if it is older than this program.

    Raises BadInput, with nothing changed, where it is missing, truncated, of another key or newer than this program.
    """
    if not path.is_file() or path.stat().st_size == 0:
        raise BadInput(
            f"store: {path} is missing or empty; put it back from a backup, or begin anew with another --dir"
        )
    engine = _engine(path, key)
    try:
        with engine.connect() as connection:
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    except (DatabaseError, dbapi2.DatabaseError) as error:
        raise BadInput(
            f"store: {path} is truncated or does not belong to this profile's key; nothing was changed: "
            "put back the file that belongs to keys.json"
        ) from error
    if version is None or version > NEWEST[kind]:
        raise BadInput(f"store: {path} was written by a newer sottovoce (schema {version}); update this one")
    if version < NEWEST[kind]:
        _migrate(engine, kind)
    return engine


def change_key(engine: Engine, new_key: bytes) -> None:
    """Encrypt the whole database anew. Killed in the middle, the old key still opens it."""
    with engine.connect() as connection:
        raw = _raw(connection)
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.execute("PRAGMA journal_mode = DELETE")
        raw.execute(f"PRAGMA rekey = \"x'{new_key.hex()}'\"")
        raw.execute("PRAGMA journal_mode = WAL")


def compact(engine: Engine) -> None:
    """Leave no page with deleted rows, in the file or in its write-ahead log."""
    with engine.connect() as connection:
        raw = _raw(connection)
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _engine(path: Path, key: bytes) -> Engine:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a database key has {KEY_BYTES} bytes, not {len(key)}")

    def connect() -> dbapi2.Connection:
        # no implicit transactions: SQLAlchemy's are begun below, so that migrations roll back as a whole
        connection = dbapi2.connect(str(path), isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA cipher_log_level = NONE")  # else a wrong key writes to the terminal
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection

    # an error never shows what was to be written: it may be a title or an answer
    engine = create_engine("sqlite://", module=dbapi2, creator=connect, poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _migrate(engine: Engine, kind: str) -> None:
    # alembic takes a third of a second to import, and is rarely needed
    from alembic import command
    from alembic.config import Config

    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.set_main_option("version_locations", str(Path(__file__).parent / "migrations" / kind))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _raw(connection: Connection) -> dbapi2.Connection:
    found: dbapi2.Connection = connection.connection.driver_connection
    return found
