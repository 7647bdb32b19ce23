"""The figures of an epsilon job's page."""

from simulations.epsilon.result_schema import EpsilonResult, StartRow
from simulations.report.svg import DASHED, DOTTED, HUES, Key, Plot, blank, colour, inline_svg, line_style, themed
from simulations.report.wording import METRICS, share


@themed
def by_epsilon(result: EpsilonResult, start: StartRow, metric: str) -> Plot:
    """A metric over epsilon, a line a population; what costs no privacy, and no privacy, as level lines."""
    figure, axes = blank()
    keys, spoken = [], []
    rows = [row for row in result.by_epsilon if row.public_kept == start.public_kept]
    populations = list(dict.fromkeys(row.listeners for row in rows))
    for place, listeners in enumerate(populations):
        mine = [row for row in rows if row.listeners == listeners]
        role = HUES[place % len(HUES)]
        values = [row.measured(metric).value or 0.0 for row in mine]
        places = [row.epsilon for row in mine]
        axes.plot(places, values, color=colour(role), marker="o", markersize=3.5)
        name = f"noise of {listeners:,}" + (" (extrapolated)" if mine[0].extrapolated else "")
        keys.append(Key(label=name, role=role))
        said = [f"{share(value)} at {at:.2g}" for at, value in zip(places, values, strict=True)]
        spoken.append(f"{name}: {', '.join(said)}")
    for name, label, role, dash in (
        ("release_0_personal", "release 0 + personal", "release", DASHED),
        ("federated_off", "no privacy", "ceiling", DOTTED),
    ):
        value = getattr(start, name).measured(metric).value
        axes.axhline(value, color=colour(role), linestyle=line_style(dash))
        keys.append(Key(label=label, role=role, dash=dash))
        spoken.append(f"{label}: {share(value)}")
    axes.set_xscale("log", base=2)
    at = sorted({round(row.epsilon, 2) for row in rows})
    axes.set_xticks(at, [f"{each:g}" for each in at])
    axes.minorticks_off()
    axes.set_xlabel("epsilon (unit device, add-or-remove-one, central trust)")
    alt = f"{METRICS[metric]} by epsilon. " + "; ".join(spoken) + "."
    svg = inline_svg(figure, name=f"epsilon-{metric}-{start.public_kept:g}", alt=alt)
    return Plot(svg=svg, keys=tuple(keys), alt=alt)
