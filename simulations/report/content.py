"""The content of a page as values: what the templates arrange, without a tag in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simulations.report.svg import Plot


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What stands in a cell, and what stands small below it."""

    text: str
    aside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row; `own` rows are the ones a reader looks for first."""

    name: str
    cells: tuple[Cell, ...]
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows under a common heading; a group without a name has none."""

    rows: tuple[Row, ...]
    name: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose first column names the rows. `words`: the cells hold sentences rather than numbers."""

    caption: str
    head: tuple[str, ...]
    groups: tuple[Group, ...]
    words: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Illustration:
    """A plot with its heading, its caption and its numbers for who cannot or will not read them from a drawing."""

    title: str
    caption: str
    plot: Plot
    numbers: Table | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One headline number."""

    name: str
    number: str
    aside: str


def plain_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, words: bool = False) -> Table:
    """A table of texts in one nameless group; each row starts with its name."""
    body = tuple(Row(name=row[0], cells=tuple(Cell(text=text) for text in row[1:])) for row in rows)
    return Table(caption=caption, head=tuple(head), groups=(Group(rows=body),), words=words)
