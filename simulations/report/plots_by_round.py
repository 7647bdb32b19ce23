"""The figures that run over rounds. Each is None when the curve holds nothing to draw."""

import math
from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from simulations.report.result_schema import CurvePoint, Result
from simulations.report.svg import DASHDOTTED, DASHED, DOTTED, Key, Plot, blank, colour, inline_svg, line_style, themed
from simulations.report.wording import METRICS, epsilon, model_name, readable, share, size


@themed
def quality_by_round(result: Result, metric: str) -> Plot | None:
    """One metric after each evaluated round, beside release 0, the best baseline and the best ceiling.

    The bars beside the last round are bootstrap intervals.
    """
    figure, axes = blank()
    keys: list[Key] = []
    spoken: list[str] = []
    for model, role, dash in (("federated_private", "private", ""), ("federated", "federated", DASHDOTTED)):
        points = _evaluated(result.curve, model, metric)
        if not points:
            continue
        name = model_name(model, result)
        rounds, values = zip(*points, strict=True)
        axes.plot(rounds, values, color=colour(role), linestyle=line_style(dash), marker="o", markersize=3.5)
        measured = getattr(result.models, model).measured(metric)
        if measured.low is not None:
            beside = rounds[-1] * (1 + 0.016 * len(keys))  # two intervals that overlap are still told apart
            axes.vlines(beside, measured.low, measured.high, color=colour(role), linewidth=4, alpha=0.45)
        keys.append(Key(label=name, role=role, dash=dash))
        spoken.append(f"{name} goes from {share(values[0])} in round {rounds[0]} to {share(values[-1])}")
    if not keys:
        return None
    references = [("release 0", result.models.release_0, "release", "")]
    for kind, rows, role, dash in (
        ("baseline", result.baselines, "baseline", DOTTED),
        ("ceiling", result.ceilings, "ceiling", DASHED),
    ):
        best = max(rows, key=lambda name: getattr(rows[name], metric) or 0, default=None)
        if best is not None:
            references.append((f"best {kind}: {readable(best)}", rows[best], role, dash))
    for label, metrics, role, dash in references:
        value = getattr(metrics, metric)
        if value is not None:
            axes.axhline(value, color=colour(role), linewidth=1.5, linestyle=line_style(dash))
            keys.append(Key(label=label, role=role, dash=dash))
            spoken.append(f"{label} is at {share(value)}")
    _rounds_axis(axes)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7))
    alt = f"{METRICS[metric]} by round. " + "; ".join(spoken) + "."
    return Plot(svg=inline_svg(figure, name=f"round-{metric}", alt=alt), keys=tuple(keys), alt=alt)


@themed
def epsilon_by_round(result: Result, *, terms: str) -> Plot | None:
    """Population epsilon after each round by both accountants, and the busiest device's own after the last.

    `terms` goes into the text for readers who do not see the caption. An infinite epsilon gives None.
    """
    figure, axes = blank()
    names = {"epsilon_pld": "population, PLD", "epsilon_rdp": "population, RDP"}
    keys, spoken = _lines(axes, result.curve, names, lambda values: f"reaches {epsilon(values[-1])}")
    if not keys:
        return None
    if result.epsilon_device is not None:
        label = "busiest device, own count after the last round"
        axes.axhline(result.epsilon_device, color=colour("ceiling"), linestyle=line_style(DASHED), linewidth=1.5)
        keys.append(Key(label=label, role="ceiling", dash=DASHED))
        spoken.append(f"{label}: {epsilon(result.epsilon_device)}")
    axes.set_ylim(bottom=0)
    alt = "Epsilon by round: " + "; ".join(spoken) + f". The population's terms: {terms}."
    return Plot(svg=inline_svg(figure, name="epsilon", alt=alt), keys=tuple(keys), alt=alt)


@themed
def norms_by_round(curve: Sequence[CurvePoint]) -> Plot | None:
    """L2 norm of each round's mean update and of the noise added to it."""
    figure, axes = blank()
    names = {"update_norm": "mean update", "noise_norm": "noise added to it"}
    keys, spoken = _lines(axes, curve, names, lambda values: f"{values[-1]:.3g} in the last round")
    if not keys:
        return None
    axes.set_ylim(bottom=0)
    alt = "L2 norms by round: " + "; ".join(spoken) + "."
    return Plot(svg=inline_svg(figure, name="norms", alt=alt), keys=tuple(keys), alt=alt)


@themed
def bytes_by_round(curve: Sequence[CurvePoint]) -> Plot | None:
    """What all devices of a cohort sent and received in each round."""
    figure, axes = blank()
    names = {"bytes_up": "devices to server", "bytes_down": "server to devices"}
    keys, spoken = _lines(axes, curve, names, lambda values: f"{size(sum(values))} in all")
    if not keys:
        return None
    axes.set_ylim(bottom=0)
    step = 2 ** math.floor(math.log2(max(axes.get_ylim()[1] / 4, 1)))
    axes.yaxis.set_major_locator(MultipleLocator(step))  # powers of two are round numbers of KiB and MiB
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: size(value)))
    alt = "Bytes by round: " + "; ".join(spoken) + "."
    return Plot(svg=inline_svg(figure, name="bytes", alt=alt), keys=tuple(keys), alt=alt)


def _lines(
    axes: Axes, curve: Sequence[CurvePoint], names: dict[str, str], summary: Callable[[Sequence[float]], str]
) -> tuple[list[Key], list[str]]:
    """Draw the named fields of the curve; give their legend and a spoken summary of each."""
    keys, spoken = [], []
    for (field, label), role, dash in zip(names.items(), ("private", "federated"), ("", DASHDOTTED), strict=True):
        points = [(point.round, value) for point in curve if (value := getattr(point, field)) is not None]
        if points:
            rounds, values = zip(*points, strict=True)
            axes.plot(rounds, values, color=colour(role), linestyle=line_style(dash))
            keys.append(Key(label=label, role=role, dash=dash))
            spoken.append(f"{label} {summary(values)}")
    _rounds_axis(axes)
    return keys, spoken


def _evaluated(curve: Sequence[CurvePoint], model: str, metric: str) -> list[tuple[int, float]]:
    """(round, value) of the rounds where this model's metric is defined."""
    found = []
    for point in curve:
        quality = getattr(point, model)
        value = None if quality is None else getattr(quality, metric)
        if value is not None:
            found.append((point.round, value))
    return found


def _rounds_axis(axes: Axes) -> None:
    axes.set_xlabel("round")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
