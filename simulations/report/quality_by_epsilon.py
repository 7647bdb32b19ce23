"""What privacy costs: quality over epsilon, on a logarithmic axis."""

import math
from collections.abc import Sequence

from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from simulations.report.privacy_words import epsilon_or_reason
from simulations.report.result_schema import Result
from simulations.report.svg import DASHDOTTED, Key, Plot, blank, colour, inline_svg, line_style, themed
from simulations.report.wording import METRICS, share


@themed
def quality_by_epsilon(results: Sequence[Result], metric: str) -> Plot | None:
    """One point with its interval for each result, in order of epsilon; an infinite one stands at the right edge.

    results: their metric must be defined. None when fewer than two have a finite epsilon, or when one has zero.
    """
    finite = [result.epsilon_pld for result in results if result.epsilon_pld is not None]
    if len(finite) < 2 or min(finite) == 0:
        return None
    infinite = max(finite) * 2.2  # a place of its own past the last finite point; its tick says what it is
    places = [infinite if result.epsilon_pld is None else result.epsilon_pld for result in results]
    figure, axes = blank(height=300)
    for place, result in zip(places, results, strict=True):
        _, low, high = result.measured(metric)
        if low is not None and high is not None:
            axes.vlines(place, low, high, color=colour("private"), linewidth=4, alpha=0.4)
    values = [result.measured(metric).value or 0.0 for result in results]
    axes.plot(places, values, "o-", color=colour("private"), markersize=5)
    keys = [Key(label="federated at this epsilon", role="private")]
    spoken = [
        f"{share(value)} at epsilon {epsilon_or_reason(result.epsilon_pld, result)}"
        for value, result in zip(values, results, strict=True)
    ]
    for label, role, dash, lines in (
        ("release 0", "release", "", [result.models.release_0 for result in results]),
        ("federated, not private", "federated", DASHDOTTED, [result.models.federated for result in results]),
    ):
        levels = {getattr(metrics, metric, None) for metrics in lines}
        level = levels.pop()
        if not levels and level is not None:  # one level line only where all variants share it
            axes.axhline(level, color=colour(role), linewidth=1.5, linestyle=line_style(dash))
            keys.append(Key(label=label, role=role, dash=dash))
            spoken.append(f"{label} {share(level)}")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(sorted(places)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda place, _: "∞" if math.isclose(place, infinite) else f"{place:.2g}")
    )
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7))
    axes.set_xlabel("epsilon (PLD), logarithmic")
    alt = f"{METRICS[metric]} by epsilon: " + "; ".join(spoken) + "."
    return Plot(svg=inline_svg(figure, name=f"by-epsilon-{metric}", alt=alt), keys=tuple(keys), alt=alt)
