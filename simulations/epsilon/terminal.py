"""An epsilon job as a table in a terminal."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from simulations.epsilon import tables
from simulations.epsilon.result_schema import EpsilonResult
from simulations.report.terminal import print_heading, print_page, print_table


def print_epsilon(console: Console, result: EpsilonResult, *, page: Path) -> None:
    """The table, what it rests on, and where the page is. Texts are printed as they are."""
    print_table(console, tables.by_epsilon(result), title=result.title, simulated=result.simulated)
    print_heading(console, "What the numbers rest on")
    for sentence in result.disclosure:
        console.print(Text(f"- {sentence}"))
    print_page(console, page)
