"""The tables of an epsilon job, on its page and in the terminal."""

from simulations.epsilon.result_schema import EpsilonResult, EpsilonRow, StartRow
from simulations.report.content import Cell, Group, Row, Table
from simulations.report.result_schema import Metrics
from simulations.report.wording import METRICS, UNDEFINED, interval, share

SHOWN = ("hr_at_10", "mrr_at_20", "new_hr_at_10")
GAINED = ("gain in HR@10", "gain in MRR@20")
NOTHING = (Cell(text=UNDEFINED),) * 4
STARTS = {
    "release_0": "release 0",
    "release_0_personal": "release 0 + personal",
    "federated_off": "+ private pairs, no privacy",
    "everyone": "+ everyone's tables, no privacy",
}


def by_epsilon(result: EpsilonResult) -> Table:
    """Every row: what is foreseen, what is gained over what costs no privacy, and what was released."""
    return Table(
        caption=(
            "metrics with 95% bootstrap intervals over listeners, averaged over releases; gain: over release 0 with "
            f"personal paths, paired. Every epsilon: unit device, add-or-remove-one, central trust. {terms(result)}"
        ),
        head=(
            "",
            *(METRICS[metric] for metric in SHOWN),
            "gain in HR@10",
            "gain in MRR@20",
            "device's epsilon",
            "pairs",
        ),
        groups=tuple(group for start in result.starts for group in _part(result, start)),
    )


def terms(result: EpsilonResult) -> str:
    """The delta of each population."""
    deltas = {row.listeners: row.delta for row in result.by_epsilon}
    return "; ".join(f"delta {delta:.3g} at {listeners:,} listeners" for listeners, delta in deltas.items()) + "."


def _part(result: EpsilonResult, start: StartRow) -> list[Group]:
    public = f"{start.public_listeners:,} public listeners ({start.public_kept:.0%} of them)"
    plain = tuple(
        Row(
            name=title,
            cells=(*_metrics(getattr(start, name)), *NOTHING),
        )
        for name, title in STARTS.items()
    )
    groups = [Group(name=public, rows=plain)]
    for listeners in dict.fromkeys(row.listeners for row in result.by_epsilon):
        rows = [row for row in result.by_epsilon if (row.public_kept, row.listeners) == (start.public_kept, listeners)]
        name = f"{'EXTRAPOLATED: ' if rows[0].extrapolated else ''}noise of {listeners:,} listeners"
        groups.append(Group(name=name, note=public, rows=tuple(_row(row) for row in rows)))
    return groups


def _row(row: EpsilonRow) -> Row:
    gains = tuple(
        Cell(text=f"{mean:+.4f}", aside=f"{low:+.4f} to {high:+.4f}")
        for mean, low, high in (row.gain[metric] for metric in SHOWN[:2])
    )
    more = (Cell(text=f"{row.epsilon_device:.2f}"), Cell(text=f"{row.released:,.0f}"))
    return Row(name=f"epsilon {row.epsilon:.2f}", cells=(*_metrics(row), *gains, *more), own=not row.extrapolated)


def _metrics(metrics: Metrics) -> tuple[Cell, ...]:
    cells = []
    for metric in SHOWN:
        value, low, high = metrics.measured(metric)
        cells.append(Cell(text=share(value), aside=interval(low, high)))
    return tuple(cells)
