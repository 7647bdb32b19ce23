"""The figures of a quality job's page."""

from simulations.quality.result_schema import GroupRow, QualityResult
from simulations.quality.tables import recommenders
from simulations.report.plots import interval_plot
from simulations.report.svg import DASHED, Key, Plot, blank, colour, inline_svg, line_style, themed
from simulations.report.wording import METRICS, share

ROLES = {"Model": "private", "Baselines": "baseline", "Ceilings": "ceiling"}


def overview(result: QualityResult, metric: str) -> Plot:
    """Every recommender's metric as a point with its bootstrap interval."""
    rows = [
        (name, metrics, ROLES[group])
        for group, _, name, metrics in recommenders(result)
        if metrics.measured(metric).value is not None
    ]
    present = dict.fromkeys(group for group, *_ in recommenders(result))
    keys = tuple(Key(label=group.lower(), role=ROLES[group], patch=True) for group in present)
    return interval_plot(rows, metric, keys=keys)


@themed
def by_decile(result: QualityResult, metric: str) -> Plot | None:
    """One metric of the head and of the blend by popularity of the target. None where no decile has a target."""
    deciles = [(place, row) for place, row in enumerate(_deciles(result), start=1) if row.targets]
    if not deciles:
        return None
    figure, axes = blank()
    keys, spoken = [], []
    blend_role = ROLES[result.beside.capitalize()]
    for label, role, dash in (("model", "private", ""), ("blend", blend_role, DASHED)):
        places = [place for place, _ in deciles]
        measured = [getattr(row, label).measured(metric) for _, row in deciles]
        values, lows, highs = zip(*measured, strict=True)
        axes.plot(places, values, color=colour(role), linestyle=line_style(dash), marker="o", markersize=3.5)
        axes.fill_between(places, lows, highs, color=colour(role), alpha=0.18, linewidth=0)
        name = "release 0" if label == "model" else label
        keys.append(Key(label=name, role=role, dash=dash))
        spoken.append(f"{name} goes from {share(values[0])} to {share(values[-1])}")
    axes.set_ylim(bottom=0)
    axes.set_xticks(range(1, len(_deciles(result)) + 1))
    axes.set_xlabel("popularity decile of the target, 10 = the most played")
    alt = (
        f"{METRICS[metric]} by popularity of the target, from the least to the most played. " + "; ".join(spoken) + "."
    )
    return Plot(svg=inline_svg(figure, name=f"decile-{metric}", alt=alt), keys=tuple(keys), alt=alt)


def _deciles(result: QualityResult) -> list[GroupRow]:
    return [row for row in result.groups if row.division == "popularity"]
