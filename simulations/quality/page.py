"""A quality job as one HTML file that needs no network, no script and no other file."""

from pathlib import Path

from shared_model.durable import write_atomically
from simulations.quality import plots, tables
from simulations.quality.result_schema import QualityResult
from simulations.report.content import Card, Illustration
from simulations.report.page import render
from simulations.report.wording import METRICS, interval, readable, share

HEADLINE = ("hr_at_10", "mrr_at_20", "new_hr_at_10")


def write_page(result: QualityResult, path: Path) -> None:
    """Write the page; its folder must exist. The same result gives the same bytes."""
    write_atomically(path, render_page(result).encode())


def render_page(result: QualityResult) -> str:
    """The page as text."""
    return render(
        "quality.html.j2",
        result=result,
        facts=_facts(result),
        cards=_cards(result),
        quality=tables.quality(result),
        quality_figures=_quality_figures(result),
        bias=tables.bias(result),
        seeds=tables.seeds(result),
        groups=tables.groups(result),
        group_figures=_group_figures(result),
        cold_tracks=tables.cold_tracks(result),
        cold_listeners=tables.cold_listeners(result),
        strongest=strongest(result),
        shares=tables.shares(result),
        cost=tables.cost(result),
    )


def strongest(result: QualityResult) -> str:
    """The path that made most of the recommendations, in a sentence."""
    path = max(result.shares, key=lambda name: result.shares[name])
    return (
        f"The path that weighs most in what is recommended first is {readable(path)}: {result.shares[path]:.0%} of the "
        "score, on average."
    )


def _facts(result: QualityResult) -> str:
    facts = result.dataset
    who = (
        f"{facts.learned_listeners:,} listeners, who train and are scored"
        if facts.central
        else f"{facts.learned_listeners:,} public listeners train, {facts.scored_listeners:,} others are scored"
    )
    return (
        f"Scenario {result.scenario} · data set {facts.name}: {facts.tracks:,} tracks, {who}, "
        f"{facts.targets:,} targets of which {facts.new_targets:,} new · seeds {', '.join(map(str, result.seeds))} · "
        "no privacy: trained in the clear"
    )


def _cards(result: QualityResult) -> tuple[Card, ...]:
    cards = []
    for metric in HEADLINE:
        value, low, high = result.measured(metric)
        blends = ", ".join(
            f"blend of {who} {share(getattr(rows['blend'], metric))}"
            for who, rows in (("public listeners", result.baselines), ("everyone", result.ceilings))
            if "blend" in rows
        )
        cards.append(Card(name=METRICS[metric], number=share(value), aside=f"{interval(low, high)}; {blends}"))
    return tuple(cards)


def _quality_figures(result: QualityResult) -> list[Illustration]:
    return [
        Illustration(
            title=f"{METRICS[metric]} of every recommender",
            caption="points are the metric, bars the 95% bootstrap interval over listeners.",
            plot=plots.overview(result, metric),
        )
        for metric in ("hr_at_10", "new_hr_at_10")
        if getattr(result, metric) is not None
    ]


def _group_figures(result: QualityResult) -> list[Illustration]:
    plot = plots.by_decile(result, "hr_at_10")
    if plot is None:
        return []
    caption = (
        "each decile holds about a tenth of all plays before the targets; bands are 95% bootstrap intervals over "
        f"listeners. {tables.beside(result).capitalize()}."
    )
    return [Illustration(title=f"{METRICS['hr_at_10']} by popularity", caption=caption, plot=plot)]
