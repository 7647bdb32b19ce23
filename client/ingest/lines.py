"""Text read a line at a time, in the memory of one line."""

import csv
import json
from collections.abc import Iterator

from client.ingest.entry import Fault
from client.ingest.export_file import ExportFile

LONGEST_LINE = 2**16
"""Characters."""


def lines(file: ExportFile) -> Iterator[tuple[int, str | None]]:
    """Lines without their ends, numbered from 1; None for one of more than `LONGEST_LINE` characters; no empty ones.

    Raises Unreadable for a damaged file.
    """
    with file.text() as text:
        number = 0
        while line := text.readline(LONGEST_LINE):
            number += 1
            is_whole = line[-1] in "\r\n" or len(line) < LONGEST_LINE
            while line and line[-1] not in "\r\n" and len(line) == LONGEST_LINE:
                line = text.readline(LONGEST_LINE)  # the rest of it is passed over
            if not is_whole:
                yield number, None
            elif line.strip():
                yield number, line.rstrip("\r\n")


def whole(line: str | None) -> str:
    """The line. Raises Fault for one that was too long."""
    if line is None:
        raise Fault(f"is longer than {LONGEST_LINE:,} characters")
    return line


def json_line(line: str | None) -> object:
    """What a line of JSON holds. Raises Fault."""
    try:
        return json.loads(whole(line))
    except (ValueError, RecursionError):
        raise Fault("is not JSON") from None


def csv_line(line: str | None, *, delimiter: str = ",") -> list[str]:
    """The cells of a line; a quotation mark that is never closed costs this line alone. Raises Fault."""
    try:
        return next(csv.reader([whole(line)], delimiter=delimiter), [])
    except csv.Error:
        raise Fault("is not CSV") from None
