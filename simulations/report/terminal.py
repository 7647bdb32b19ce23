"""One run as tables in a terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulations.report.content import Table as Content
from simulations.report.privacy_words import device_epsilon, explanation, participation, population_epsilon
from simulations.report.result_schema import Result
from simulations.report.tables import bias, cost, quality
from simulations.report.wording import METRICS

WIDE = 132
"""Columns from which all metrics fit with their intervals; below, `FEW` are shown and the rest stand on the page."""

FEW = ("hr_at_10", "mrr_at_20", "new_hr_at_10")


def print_result(console: Console, result: Result, *, page: Path) -> None:
    """Quality, privacy, cost, the verdict, and where the page is. Every text is printed as it is, never as markup."""
    simulated = result.simulated
    metrics = tuple(METRICS) if console.width >= WIDE else FEW
    print_table(console, quality(result, metrics=metrics), title=f"Quality: {result.title}", simulated=simulated)
    print_table(console, bias(result), title="Coverage and popularity", simulated=simulated)
    print_heading(console, "Privacy")
    for sentence in (population_epsilon(result), device_epsilon(result), *explanation(result), participation(result)):
        console.print(Text(sentence))
    print_table(console, cost(result), title="Cost", simulated=simulated)
    print_heading(console, "Verdict (SIMULATED listeners)" if simulated else "Verdict")
    for sentence in result.verdict:
        console.print(Text(sentence))
    print_page(console, page)


def print_heading(console: Console, heading: str) -> None:
    """A heading after an empty line."""
    console.print()
    console.print(Text(heading, style="bold"))


def print_page(console: Console, page: Path) -> None:
    """The path of a page on a line of its own, unbroken, so that it can be copied."""
    console.print()
    console.print(Text("Page:", style="bold"))
    console.print(Text(str(page)), soft_wrap=True)


def print_table(console: Console, content: Content, *, title: str, simulated: bool) -> None:
    """A table after an empty line; its title says SIMULATED where the listeners were invented."""
    table = Table(
        title=Text(f"SIMULATED listeners · {title}" if simulated else title, style="bold"),
        caption=Text(content.caption, style="dim"),
        title_justify="left",
        pad_edge=False,
        caption_justify="left",
        box=None,
        padding=(0, 1),
        header_style="bold",
    )
    for place, heading in enumerate(content.head):
        numbers = place > 0 and not content.words
        table.add_column(Text(heading), justify="right" if numbers else "left", overflow="fold")
    for group in content.groups:
        if group.name:
            table.add_row(Text(group.name, style="bold"))
        for row in group.rows:
            cells = [Text.assemble(cell.text, (f" {cell.aside}" if cell.aside else "", "dim")) for cell in row.cells]
            table.add_row(Text(row.name), *cells, style="bold green" if row.own else None)
        table.add_section()
    console.print()
    console.print(table)
