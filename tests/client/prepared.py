"""A profile that opens quickly, rows for its tables, its pages decrypted, and the command line as it is typed."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from sqlalchemy import Boolean, Column, Engine, Float, Integer, LargeBinary, MetaData, Table, insert

from client.beginning import begin_profile
from client.cli import main
from client.files import KEYS
from client.keys.key_file import read_key_file
from client.keys.passphrase import Stretching
from client.keys.unlocking import DATA
from client.keys.wrapping import unwrap, wrap
from client.store.tables import listens
from shared_model.books.entries import Opened
from tests.client.conftest import PASSPHRASE

_PAGE_BYTES, _RESERVED_BYTES, _SALT_BYTES = 4096, 80, 16
_WAL_HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


def typed(*arguments: object) -> Ran:
    """The command line in this process, by its entry point: nobody can be asked."""
    out, err = io.StringIO(), io.StringIO()
    argv, umask = sys.argv, os.umask(0o077)
    sys.argv = ["sottovoce-client", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = argv
        os.umask(umask)
    return Ran(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def make_profile(folder: Path) -> None:
    """As `init` does, but with a passphrase that costs little to stretch."""
    opened = Opened(device_cap=20.0, delta=1e-6, max_participations=500, monthly_cap=8.0)
    begin_profile(folder, passphrase=PASSPHRASE, budget=opened)
    file, cheap = read_key_file(folder / KEYS), Stretching(memory_kib=128, iterations=1, lanes=1)
    data = unwrap(
        file.current.by_passphrase, under=file.stretching.key(PASSPHRASE), purpose=(purpose := file.profile + DATA)
    )
    assert data is not None
    by_passphrase = wrap(data, under=cheap.key(PASSPHRASE), purpose=purpose)
    replace(file, stretching=cheap, current=replace(file.current, by_passphrase=by_passphrase)).write(folder / KEYS)


def fill(engine: Engine, tables: MetaData, *, rows: int, said: str = "planted") -> None:
    """So many rows in every table there is, with something in every column."""
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            values = [
                {column.name: _value(table, column, row, said) for column in table.columns}
                for row in range(1, rows + 1)
            ]
            connection.execute(insert(table), values)


def _value(table: Table, column: Column[object], row: int, said: str) -> object:
    if table is listens and column.name == "skipped":
        return row % 2 == 0
    if isinstance(column.type, Boolean):
        return True
    if isinstance(column.type, Integer):
        return row if column.primary_key or column.foreign_keys else 1_700_000_000 + row
    if isinstance(column.type, Float):
        return row + 0.25
    if isinstance(column.type, LargeBinary):
        return bytes([row % 256, 255, 0])
    return f"{said} {column.name} {row} Ж"


def pages(path: Path, key: bytes) -> bytes:
    """Every page of a SQLCipher 4 file or of its log, decrypted without SQLCipher: free pages, too."""
    return b"".join(_plain(page, key) for page in _sealed_pages(path))


def _sealed_pages(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    if path.name.endswith("-wal"):
        for at in range(_WAL_HEADER_BYTES, len(content), _FRAME_HEADER_BYTES + _PAGE_BYTES):
            yield content[at + _FRAME_HEADER_BYTES :][:_PAGE_BYTES]
        return
    for at in range(0, len(content), _PAGE_BYTES):
        yield content[at : at + _PAGE_BYTES]


def _plain(page: bytes, key: bytes) -> bytes:
    """AES-256-CBC; the vector stands in the reserved bytes. A first page begins with the salt, which shifts its blocks
    by one: both ways are given, since a log holds it without saying so."""
    if len(page) < _PAGE_BYTES:
        return b""
    vector = page[-_RESERVED_BYTES:][:16]
    plain = b""
    for start in (0, _SALT_BYTES):
        decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
        plain += decryptor.update(page[start:-_RESERVED_BYTES])
    return plain
