"""The tables of docs/epsilon-table.md on stdout, and its plot: python -m docs.write_epsilon_table RUN [RUN ...]

RUN: folders of finished epsilon jobs, as runs/lastfm-private.
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure

from simulations.epsilon.result_schema import EpsilonResult, Interval, StartRow, load_epsilon
from simulations.epsilon.tables import SHOWN, STARTS
from simulations.report.result_schema import Metrics
from simulations.report.wording import METRICS

PLOT = Path(__file__).parent / "images" / "epsilon-table.png"


def table(result: EpsilonResult, start: StartRow) -> str:
    """A part of a job in Markdown."""
    facts = result.dataset
    lines = [
        f"**{result.title.partition(':')[0]}, {start.public_listeners:,} public and {facts.private_listeners:,} "
        f"private listeners** ({facts.targets:,} targets, {facts.new_targets:,} new)",
        "",
        f"| | {' | '.join(METRICS[metric] for metric in SHOWN)} | gain in HR@10 | gain in MRR@20 | pairs released |",
        f"|{'---|' * (len(SHOWN) + 4)}",
    ]
    for name, title in STARTS.items():
        gains = [_signed(start.gain_off[metric]) for metric in SHOWN[:2]] if name == "federated_off" else ["", ""]
        lines.append(f"| {title} | {_metrics(getattr(start, name))} | {' | '.join(gains)} | |")
    for row in result.by_epsilon:
        if row.public_kept == start.public_kept:
            gains = [_signed(row.gain[metric]) for metric in SHOWN[:2]]
            who = f"noise of {row.listeners:,}, " if row.extrapolated else ""
            name = f"{who}epsilon {row.epsilon:.2f}"
            lines.append(f"| {name} | {_metrics(row)} | {' | '.join(gains)} | {row.released:,.0f} |")
    return "\n".join(lines)


def plot(results: list[EpsilonResult]) -> Figure:
    """What is gained over what costs no privacy, a panel for each data set and share of the public."""
    parts = [(result, start) for result in results for start in result.starts]
    figure = Figure(figsize=(4.2 * len(parts), 3.6), layout="constrained")
    for axes, (result, start) in zip(figure.subplots(1, len(parts), sharey=True, squeeze=False)[0], parts, strict=True):
        rows = [row for row in result.by_epsilon if row.public_kept == start.public_kept]
        for listeners in dict.fromkeys(row.listeners for row in rows):
            mine = [row for row in rows if row.listeners == listeners]
            means, lows, highs = zip(*(row.gain["hr_at_10"] for row in mine), strict=True)
            label = f"noise of {listeners:,}" + (" (extrapolated)" if mine[0].extrapolated else "")
            axes.plot([row.epsilon for row in mine], means, marker="o", markersize=4, label=label)
            axes.fill_between([row.epsilon for row in mine], lows, highs, alpha=0.15, linewidth=0)
        axes.axhline(start.gain_off["hr_at_10"][0], linestyle=":", color="black", label="no privacy")
        axes.axhline(0, linestyle="--", color="grey", label="release 0 + personal")
        axes.set_xscale("log", base=2)
        axes.set_xticks([1, 2, 4, 8], ["1", "2", "4", "8"])
        axes.set_xlabel("epsilon")
        axes.set_title(f"{result.title.partition(':')[0]}, {start.public_listeners:,} public", fontsize=10)
    figure.axes[0].set_ylabel("gain in HR@10")
    figure.axes[0].legend(fontsize=7)
    return figure


def _metrics(metrics: Metrics) -> str:
    cells = []
    for metric in SHOWN:
        value, low, high = metrics.measured(metric)
        cells.append("–" if value is None else f"{value:.3f} ({low:.3f}–{high:.3f})")
    return " | ".join(cells)


def _signed(gain: Interval) -> str:
    mean, low, high = gain
    return f"{mean:+.4f} ({low:+.4f} to {high:+.4f})"


def main() -> None:
    """Tables to stdout, the plot to docs/images."""
    results = [load_epsilon(Path(folder) / "result.json") for folder in sys.argv[1:]]
    print("\n\n".join(table(result, start) for result in results for start in result.starts))
    plot(results).savefig(PLOT, dpi=110)


if __name__ == "__main__":
    main()
