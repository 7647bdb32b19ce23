"""The device ledger as lines of canonical JSON, each with the hash of the line before and an HMAC under a device key.

    {"entry":{"kind":"debit",...},"format":1,"mac":"..","number":7,"previous":".."}

previous: SHA-256 of the line before, without its newline; 64 zeros before the first. mac: HMAC-SHA-256 over
`MAC_CONTEXT` and the same line without "mac". `Mirrored`, kept elsewhere, tells when lines at the end are gone.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared_model import canonical_json
from shared_model.books.entries import KINDS, Entry
from shared_model.books.ledger_law import LedgerLaw
from shared_model.books.spelling import read, require_sha256, spell
from shared_model.canonical_json import JsonValue
from shared_model.errors import BadInput, Refused

FORMAT_VERSION = 1
NOTHING = "0" * 64
MAC_CONTEXT = b"sottovoce ledger v1\n"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line, read. number: from 1; mac and previous: hexadecimal."""

    number: int
    previous: str
    mac: str
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """What is kept outside the file: how many lines it had, and the hash of the last."""

    counter: int
    head: str

    def __post_init__(self) -> None:
        require_sha256("head", self.head)
        if self.counter < 1:
            raise ValueError(f"counter is {self.counter}; it must be at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The first row that is wrong, by its number from 1, and what is wrong with it."""

    row: int
    what: str

    def __str__(self) -> str:
        return f"row {self.row} {self.what}"


def append(lines: Sequence[bytes], entry: Entry, *, key: bytes) -> bytes:
    """The line that puts `entry` after `lines`, without its newline. key: 32 bytes, else ValueError."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"the device key has {len(key)} bytes; it must have {KEY_BYTES}")
    kind = next(name for name, cls in KINDS.items() if isinstance(entry, cls))
    row: dict[str, JsonValue] = {
        "entry": {"kind": kind, **spell(entry)},
        "format": FORMAT_VERSION,
        "number": len(lines) + 1,
        "previous": line_hash(lines[-1]) if lines else NOTHING,
    }
    return canonical_json.encode(row | {"mac": _mac(row, key)})


def line_hash(line: bytes) -> str:
    """SHA-256 of a line without its newline."""
    return hashlib.sha256(line).hexdigest()


def mirror_of(lines: Sequence[bytes]) -> Mirrored:
    """What is to be kept outside the file of these lines, of which there is at least one."""
    return Mirrored(counter=len(lines), head=line_hash(lines[-1]))


def first_broken(lines: Sequence[bytes], *, key: bytes | None, mirrored: Mirrored | None) -> Broken | None:
    """The first row that is wrong, or None. Without `key` nothing forged is noticed, without `mirrored` no lost end."""
    return _walk(lines, key=key, mirrored=mirrored)[1]


def read_rows(lines: Sequence[bytes], *, key: bytes | None, mirrored: Mirrored | None) -> tuple[Row, ...]:
    """The rows of a ledger. Raises Refused, naming the first broken row: unknown is no.

    key, mirrored: as `first_broken`; only an auditor, who has neither, leaves them out.
    """
    rows, broken = _walk(lines, key=key, mirrored=mirrored)
    if broken is not None:
        raise Refused(
            f"ledger: {broken}; the budget of this device counts as spent. "
            "Restore the ledger against the round log, or enrol the device anew"
        )
    return tuple(rows)


def _walk(lines: Sequence[bytes], *, key: bytes | None, mirrored: Mirrored | None) -> tuple[list[Row], Broken | None]:
    rows: list[Row] = []
    law = LedgerLaw()
    for number, line in enumerate(lines, 1):
        try:
            row = _parse(line)
        except BadInput:
            return rows, Broken(row=number, what="cannot be read: it was changed")
        if key is not None and not _is_authentic(line, key):
            return rows, Broken(row=number, what=_unauthentic(line, number, lines))
        previous = line_hash(lines[number - 2]) if number > 1 else NOTHING
        what = _out_of_place(row, number, previous, lines)
        if key is None:
            what = what or _disowned(line, number, lines)
        what = what or law.breach(row.entry)
        if what is not None:
            return rows, Broken(row=number, what=what)
        rows.append(row)
    if not lines:
        return rows, Broken(row=1, what="is missing: the ledger is empty")
    return rows, _rolled_back(lines, mirrored) if mirrored else None


def _unauthentic(line: bytes, number: int, lines: Sequence[bytes]) -> str:
    if number == len(lines):
        return "was changed, or forged without the device key"
    return "was forged without the device key" if _names(lines[number], line) else "was changed"


def _disowned(line: bytes, number: int, lines: Sequence[bytes]) -> str | None:
    """Without the key a changed row is told by the next one alone."""
    if number < len(lines) and _number_of(lines[number]) == number + 1 and not _names(lines[number], line):
        return f"was changed, or what follows it was: row {number + 1} does not follow from it"
    return None


def _out_of_place(row: Row, number: int, previous: str, lines: Sequence[bytes]) -> str | None:
    if row.number < number:
        return f"is row {row.number} once more"
    if row.number > number:
        later = any(_number_of(each) == number for each in lines[number:])
        return f"stands after row {row.number}: rows were reordered" if later else "is missing: it was dropped"
    if row.previous != previous:
        return f"does not follow from row {number - 1}: it is of another copy, which was written on"
    return None


def _rolled_back(lines: Sequence[bytes], mirrored: Mirrored) -> Broken | None:
    if len(lines) < mirrored.counter:
        return Broken(
            row=len(lines) + 1,
            what=f"is missing: the file was rolled back, and there had been {mirrored.counter} rows",
        )
    if line_hash(lines[mirrored.counter - 1]) != mirrored.head:
        return Broken(row=mirrored.counter, what="is not the one that was mirrored: the file was replaced")
    return None


def _parse(line: bytes) -> Row:
    what = "ledger row"
    value = canonical_json.decode(line, what=what)
    try:
        format_version, number, previous, mac, entry = (
            value.pop(name) for name in ("format", "number", "previous", "mac", "entry")
        )
        cls = KINDS[entry.pop("kind")]
        for name, text in (("previous", previous), ("mac", mac)):
            require_sha256(name, text)
        if value or format_version != FORMAT_VERSION or type(number) is not int or not isinstance(mac, str):
            raise ValueError("other fields")
        return Row(number=number, previous=str(previous), mac=mac, entry=read(cls, entry, what=what))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{what}: not of format {FORMAT_VERSION}; use the version that wrote it") from error


def _is_authentic(line: bytes, key: bytes) -> bool:
    value: dict[str, Any] = canonical_json.decode(line, what="ledger row")
    return hmac.compare_digest(value.pop("mac"), _mac(value, key))


def _mac(row: dict[str, JsonValue], key: bytes) -> str:
    return hmac.new(key, MAC_CONTEXT + canonical_json.encode(row), hashlib.sha256).hexdigest()


def _number_of(line: bytes) -> int | None:
    try:
        return _parse(line).number
    except BadInput:
        return None


def _names(line: bytes, before: bytes) -> bool:
    """Whether `line` is a row that was written after `before`."""
    try:
        return _parse(line).previous == line_hash(before)
    except BadInput:
        return False
