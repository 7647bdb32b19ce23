"""Several variants of one scenario side by side: an ablation, or a sweep over epsilon."""

import math
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from shared_model.durable import write_atomically
from shared_model.errors import BadInput
from simulations.report.content import Cell, Group, Illustration, Row, Table
from simulations.report.page import PAGE_NAME, render
from simulations.report.plots import interval_plot
from simulations.report.privacy_words import epsilon_or_reason, terms
from simulations.report.quality_by_epsilon import quality_by_epsilon
from simulations.report.result_schema import Result
from simulations.report.terminal import print_page, print_table
from simulations.report.wording import METRICS, UNDEFINED, interval, share

COMPARED = ("hr_at_10", "mrr_at_20", "new_hr_at_10")


def write_comparison(results: Sequence[Result], folder: Path) -> Path:
    """Write `report.html` into `folder`, which must exist. The order of `results` does not matter.

    Raises BadInput for fewer than two results, a result without a variant, a variant given twice, or results of several
    scenarios or data sets.
    """
    path = folder / PAGE_NAME
    write_atomically(path, render_comparison(results).encode())
    return path


def render_comparison(results: Sequence[Result]) -> str:
    """The page as text."""
    ordered = sort_variants(results)
    return render(
        "comparison.html.j2",
        title=f"{ordered[0].scenario}: {len(ordered)} variants on {ordered[0].dataset.name}",
        simulated=any(result.simulated for result in ordered),
        verdict=order_sentence(ordered),
        table=comparison_table(ordered),
        figures=_figures(ordered),
        variants=ordered,
        disclosure=list(dict.fromkeys(item for result in ordered for item in result.disclosure)),
    )


def print_comparison(console: Console, results: Sequence[Result], *, page: Path) -> None:
    """The same table, the order in a sentence, and the path of the page."""
    ordered = sort_variants(results)
    simulated = any(result.simulated for result in ordered)
    print_table(console, comparison_table(ordered), title=ordered[0].scenario, simulated=simulated)
    console.print()
    console.print(order_sentence(ordered), markup=False, highlight=False)
    print_page(console, page)


def sort_variants(results: Sequence[Result]) -> list[Result]:
    """By epsilon, infinite last, where epsilon is what varies; otherwise by HR@10, best first; then by name."""
    _check(results)
    if by_epsilon(results):
        return sorted(results, key=lambda result: (_epsilon(result), result.variant))
    return sorted(results, key=lambda result: (-(result.hr_at_10 or 0), result.variant))


def by_epsilon(results: Sequence[Result]) -> bool:
    """Whether every variant has an epsilon of its own, finite or infinite: then epsilon is what is compared."""
    known = all(result.epsilon_pld is not None or result.privacy.mechanism == "off" for result in results)
    return known and len({_epsilon(result) for result in results}) == len(results)


def order_sentence(ordered: Sequence[Result]) -> str:
    """The variants by HR@10, best first, and whether the intervals tell the first from the second."""
    best = sorted(ordered, key=lambda result: -(result.hr_at_10 or 0))
    order = ", ".join(f"{result.variant} {share(result.hr_at_10)}" for result in best)
    first, second = best[0].hr_at_10_low, best[1].hr_at_10_high
    if first is None or second is None:
        return f"By HR@10: {order}."
    apart = "do not overlap" if first > second else "overlap: their order may be chance"
    return f"By HR@10: {order}. The intervals of the first two {apart}."


def comparison_table(ordered: Sequence[Result]) -> Table:
    """One row a variant: quality with intervals, the gain over its own release 0, and its epsilon with its terms."""
    top = max(result.hr_at_10 or 0 for result in ordered)
    rows = tuple(
        Row(name=str(result.variant), cells=_cells(result), own=(result.hr_at_10 or 0) == top) for result in ordered
    )
    return Table(
        caption=(
            "each variant's federated model with 95% bootstrap intervals over listeners. "
            f"Gain: HR@10 over its release 0. Epsilon: {_terms(ordered)}, by PLD."
        ),
        head=("variant", *(METRICS[metric] for metric in COMPARED), "gain", "epsilon"),
        groups=(Group(rows=rows),),
    )


def _terms(results: Sequence[Result]) -> str:
    """The terms of every epsilon at once, or who has which."""
    if len({terms(result) for result in results}) == 1:
        return terms(results[0])
    return "; ".join(f"{result.variant}: {terms(result)}" for result in results)


def _cells(result: Result) -> tuple[Cell, ...]:
    quality = (result.measured(metric) for metric in COMPARED)
    start = result.models.release_0.hr_at_10
    gain = UNDEFINED if result.hr_at_10 is None or start is None else f"{result.hr_at_10 - start:+.3f}"
    return (
        *(Cell(text=share(value), aside=interval(low, high)) for value, low, high in quality),
        Cell(text=gain),
        Cell(text=epsilon_or_reason(result.epsilon_pld, result)),
    )


def _figures(ordered: Sequence[Result]) -> list[Illustration]:
    figures = []
    for metric in ("hr_at_10", "new_hr_at_10"):
        shown = [result for result in ordered if result.measured(metric).value is not None]
        if not shown:
            continue
        title = f"{METRICS[metric]} by variant"
        caption = (
            "points are the metric of each variant's federated model, bars the 95% bootstrap interval over listeners."
        )
        plot = quality_by_epsilon(shown, metric) if by_epsilon(ordered) else None
        if plot is None:
            plot = interval_plot([(str(result.variant), result, "private") for result in shown], metric)
        else:
            title = f"{METRICS[metric]} by epsilon"
            caption += f" Epsilon by PLD: {_terms(shown)}."
        figures.append(Illustration(title=title, caption=caption, plot=plot))
    return figures


def _epsilon(result: Result) -> float:
    return math.inf if result.epsilon_pld is None else result.epsilon_pld


def _check(results: Sequence[Result]) -> None:
    if len(results) < 2:
        raise BadInput(f"comparison: {len(results)} results given; give the folders of two variants or more")
    names = [result.variant for result in results]
    for name in names:
        if name is None or names.count(name) > 1:
            raise BadInput(
                f"comparison: variant {name!r} is missing or given twice; each run needs a variant of its own"
            )
    for field, values in (
        ("scenarios", {result.scenario for result in results}),
        ("data sets", {result.dataset.name for result in results}),
    ):
        if len(values) > 1:
            raise BadInput(
                f"comparison: results of several {field} ({', '.join(sorted(values))}); compare those of one"
            )
