"""A quality job as tables in a terminal."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from simulations.quality import tables
from simulations.quality.page import strongest
from simulations.quality.result_schema import QualityResult
from simulations.report.terminal import FEW, WIDE, print_heading, print_page, print_table
from simulations.report.wording import METRICS


def print_quality(console: Console, result: QualityResult, *, page: Path) -> None:
    """Quality, groups, cold start, cost, the verdict, and where the page is. Texts are printed as they are."""
    metrics = tuple(METRICS) if console.width >= WIDE else FEW
    for title, table in (
        (f"Quality: {result.title}", tables.quality(result, metrics=metrics)),
        ("Coverage and popularity", tables.bias(result)),
        ("Groups", tables.groups(result)),
        ("Cold tracks", tables.cold_tracks(result)),
        ("Cold listeners", tables.cold_listeners(result)),
        ("What made the recommendations", tables.shares(result)),
        ("Cost", tables.cost(result)),
    ):
        if table is not None:
            print_table(console, table, title=title, simulated=result.simulated)
    print_heading(console, "Verdict (SIMULATED listeners)" if result.simulated else "Verdict")
    for sentence in (*result.verdict, strongest(result), result.disclosure[0]):
        console.print(Text(sentence))
    print_page(console, page)
