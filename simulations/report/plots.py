"""The figures of one run's page that do not run over rounds."""

from collections.abc import Sequence

from matplotlib.ticker import FuncFormatter, MaxNLocator

from simulations.report.result_schema import Attention, Intervals, Result, Shares
from simulations.report.svg import (
    DASHDOTTED,
    DASHED,
    DOTTED,
    HUES,
    Key,
    Plot,
    blank,
    colour,
    inline_svg,
    line_style,
    themed,
    tick_label,
)
from simulations.report.wording import METRICS, quality_rows, readable, share


def quality_overview(result: Result, metric: str) -> Plot:
    """Every recommender's metric as a point with its bootstrap interval."""
    roles = {"models": "private", "baselines": "baseline", "ceilings": "ceiling"}
    rows = [row for row in quality_rows(result) if row.metrics.measured(metric).value is not None]
    labelled = [(row.name, row.metrics, roles[row.group]) for row in rows]
    present = {row.group: Key(label=row.group, role=roles[row.group], patch=True) for row in rows}
    return interval_plot(labelled, metric, keys=tuple(present.values()))


@themed
def interval_plot(rows: Sequence[tuple[str, Intervals, str]], metric: str, *, keys: tuple[Key, ...] = ()) -> Plot:
    """Rows of (name, metrics, role), the first on top; rows whose metric is undefined must be left out before."""
    figure, axes = blank(height=80 + 17 * len(rows), grid="x")
    spoken, roles = [], [role for _, _, role in rows]
    places = [place + 0.7 * len(set(roles[: place + 1])) for place in range(len(rows))]  # a gap between two roles
    for place, (name, metrics, role) in zip(places, rows, strict=True):
        value, low, high = metrics.measured(metric)
        assert value is not None
        if low is not None and high is not None:
            axes.hlines(place, low, high, color=colour(role), linewidth=4, alpha=0.4)
        axes.plot([value], [place], "o", color=colour(role), markersize=5)
        spoken.append(f"{name} {share(value)}")
    axes.set_yticks(places, [tick_label(name) for name, _, _ in rows], color=colour("ink"))
    axes.invert_yaxis()
    axes.set_xlabel(METRICS[metric])
    alt = f"{METRICS[metric]} with intervals: " + ", ".join(spoken) + "."
    return Plot(svg=inline_svg(figure, name=f"interval-{metric}", alt=alt), keys=keys, alt=alt)


@themed
def attention_by_mood(attention: Attention, modality: str) -> Plot | None:
    """Mean attention weight of each recency position, one line a mood group. None when the modality has no rows."""
    rows = getattr(attention, modality)
    if not rows or not rows[0]:
        return None
    figure, axes = blank()
    dashes = ("", DASHED, DASHDOTTED, DOTTED, "12 3")
    keys, spoken = [], []
    for place, (group, row) in enumerate(zip(attention.groups, rows, strict=True)):
        role, dash = HUES[place % len(HUES)], dashes[place % len(dashes)]
        axes.plot(range(1, len(row) + 1), row, color=colour(role), linestyle=line_style(dash))
        keys.append(Key(label=group, role=role, dash=dash))
        spoken.append(f"{group} puts {share(row[0])} on the latest play")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("plays ago, 1 = the latest")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    alt = f"Attention over the listening sequence, {modality}: " + "; ".join(spoken) + "."
    return Plot(svg=inline_svg(figure, name=f"attention-{modality}", alt=alt), keys=tuple(keys), alt=alt)


@themed
def shares_by_mood(shares: Shares) -> Plot | None:
    """Stacked share of each path, one bar a mood group. None when there is no group or no path."""
    if not shares.groups or not shares.paths:
        return None
    figure, axes = blank(height=70 + 34 * len(shares.groups), grid="x")
    left = [0.0] * len(shares.groups)
    keys = []
    for column, path in enumerate(shares.paths):
        role = HUES[column % len(HUES)]
        widths = [row[column] for row in shares.weights]
        places = range(len(widths))
        axes.barh(places, widths, left=left, color=colour(role), edgecolor=colour("paper"), height=0.72)
        for place, (start, width) in enumerate(zip(left, widths, strict=True)):
            if width >= 0.075:  # narrower than its label
                middle = start + width / 2
                axes.text(middle, place, f"{width:.0%}", color=colour("paper"), ha="center", va="center", fontsize=9.5)
        left = [start + width for start, width in zip(left, widths, strict=True)]
        keys.append(Key(label=readable(path), role=role, patch=True))
    axes.set_yticks(range(len(shares.groups)), [tick_label(group) for group in shares.groups], color=colour("ink"))
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    strongest = [
        f"for {group} {readable(shares.paths[row.index(max(row))])} weighs most ({max(row):.0%})"
        for group, row in zip(shares.groups, shares.weights, strict=True)
    ]
    alt = "Share of each path by mood group: " + "; ".join(strongest) + "."
    return Plot(svg=inline_svg(figure, name="shares", alt=alt), keys=tuple(keys), alt=alt)
