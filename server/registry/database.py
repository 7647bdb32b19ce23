"""The registry's file: SQLite with a write-ahead log; a commit is on disk when it returns.

Processes and threads share it: each transaction has a connection of its own, and one that writes begins by taking the
lock, so that what it read is still so when it writes.
"""

import os
import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from server.registry.tables import REGISTRY
from shared_model.errors import BadInput

SCHEMA = 1
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 10000",
)


def create_registry(path: Path) -> Engine:
    """An empty one, 0600. Raises FileExistsError where there is one."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    engine = _engine(path)
    with engine.begin() as connection:
        REGISTRY.create_all(connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")
    return engine


def open_registry(path: Path) -> Engine:
    """Raises BadInput where it is missing, damaged or of another version."""
    if not path.is_file() or path.stat().st_size == 0:
        raise BadInput(f"registry: {path} is missing or empty; put it back from a backup")
    engine = _engine(path)
    try:
        with engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    except (DatabaseError, sqlite3.DatabaseError) as error:
        raise BadInput(f"registry: {path} is damaged; put it back from a backup") from error
    if found != SCHEMA:
        raise BadInput(f"registry: {path} is of version {found}, and this program reads {SCHEMA}")
    return engine


def writing(engine: Engine) -> AbstractContextManager[Connection]:
    """A transaction that nobody else writes beside."""
    return engine.execution_options(writes=True).begin()


def _engine(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection

    # an error never shows what was to be written: it may be a label
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
