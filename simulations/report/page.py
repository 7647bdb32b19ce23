"""One run as one HTML file that needs no network, no script and no other file."""

from pathlib import Path

import jinja2

from shared_model.durable import write_atomically
from simulations.report import plots, plots_by_round, tables
from simulations.report.content import Card, Illustration
from simulations.report.privacy_words import (
    device_epsilon,
    device_terms,
    epsilon_or_reason,
    explanation,
    participation,
    population_epsilon,
    terms,
)
from simulations.report.result_schema import Result, load_result
from simulations.report.wording import METRICS, interval, share

PAGE_NAME = "report.html"
CURVE_METRICS = ("hr_at_10", "new_hr_at_10", "mrr_at_20")

_TEMPLATES = Path(__file__).parent / "templates"


def page_from_folder(run_folder: Path) -> Path:
    """Write `report.html` from `result.json`, both in `run_folder`. Raises BadInput when the latter is unusable."""
    page = run_folder / PAGE_NAME
    write_page(load_result(run_folder / "result.json"), page)
    return page


def write_page(result: Result, path: Path) -> None:
    """Write the page; its folder must exist. The same result gives the same bytes."""
    write_atomically(path, render_page(result).encode())


def render_page(result: Result) -> str:
    """The page as text."""
    return render(
        "report.html.j2",
        result=result,
        facts=_facts(result),
        cards=_cards(result),
        quality=tables.quality(result),
        quality_figures=_quality_figures(result),
        bias=tables.bias(result),
        privacy_sentences=(population_epsilon(result), device_epsilon(result), *explanation(result)),
        privacy_figures=_privacy_figures(result),
        plan=tables.plan(result),
        participation=participation(result),
        explanation_figures=_explanation_figures(result),
        explanation_gaps=_explanation_gaps(result),
        cost=tables.cost(result),
        cost_figures=_cost_figures(result),
    )


def render(template: str, **content: object) -> str:
    """A template of this package; every text is escaped, every name it uses must be given."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(content)


def _facts(result: Result) -> str:
    facts = result.dataset
    variant = "" if result.variant is None else f", variant {result.variant}"
    return (
        f"Scenario {result.scenario}{variant} · data set {facts.name}: {facts.tracks:,} tracks, "
        f"{facts.public_listeners:,} public and {facts.private_listeners:,} private listeners, "
        f"{facts.targets:,} targets of which {facts.new_targets:,} new · {result.rounds} rounds, "
        f"cohort {result.cohort:,} · engine {result.engine} · seed {result.seed}"
    )


def _cards(result: Result) -> tuple[Card, ...]:
    best = {
        metric: max((getattr(row, metric) or 0 for row in result.ceilings.values()), default=None)
        for metric in ("hr_at_10", "new_hr_at_10")
    }
    quality = tuple(
        Card(
            name=f"{METRICS[metric]}, {'private' if result.privacy.mechanism != 'off' else 'mechanism off'}",
            number=share(getattr(result, metric)),
            aside=f"{interval(*result.measured(metric)[1:])}; "
            f"release 0 {share(getattr(result.models.release_0, metric))}, best ceiling {share(ceiling)}",
        )
        for metric, ceiling in best.items()
    )
    population = Card(
        name="epsilon, population (PLD)",
        number=epsilon_or_reason(result.epsilon_pld, result),
        aside=f"{terms(result)}, against the {result.privacy.adversary}",
    )
    device = Card(
        name="epsilon, busiest device",
        number=epsilon_or_reason(result.epsilon_device, result),
        aside=f"{device_terms(result)}, its own un-amplified count",
    )
    return (*quality, population, device)


def _quality_figures(result: Result) -> list[Illustration]:
    figures = [
        Illustration(
            title=f"{METRICS['hr_at_10']} of every recommender",
            caption="points are the metric, bars the 95% bootstrap interval over listeners.",
            plot=plots.quality_overview(result, "hr_at_10"),
        )
    ]
    for metric in CURVE_METRICS:
        plot = plots_by_round.quality_by_round(result, metric)
        if plot is not None:
            title = f"{METRICS[metric]} by round"
            caption = "the bars at the last round are the 95% bootstrap intervals; the level lines do not train."
            numbers = tables.curve_quality(result, metric)
            figures.append(Illustration(title=title, caption=caption, plot=plot, numbers=numbers))
    return figures


def _privacy_figures(result: Result) -> list[Illustration]:
    numbers = tables.curve_privacy(result)
    figures = []
    plot = plots_by_round.epsilon_by_round(result, terms=terms(result))
    if plot is not None:
        caption = (
            f"epsilon after each round: {terms(result)}, against the {result.privacy.adversary}. "
            f"The device's own: {device_terms(result)}."
        )
        figures.append(Illustration(title="Epsilon by round", caption=caption, plot=plot, numbers=numbers))
    plot = plots_by_round.norms_by_round(result.curve)
    if plot is not None:
        caption = "L2 norm of the mean update of each round, and of the noise in it."
        figures.append(Illustration(title="Update and noise by round", caption=caption, plot=plot, numbers=numbers))
    return figures


def _explanation_figures(result: Result) -> list[Illustration]:
    figures = []
    for modality in ("lyrics", "audio") if result.attention is not None else ():
        assert result.attention is not None
        plot = plots.attention_by_mood(result.attention, modality)
        if plot is not None:
            caption = f"mean weight of each earlier play in attending to {modality}, by mood group; groups may overlap."
            numbers = tables.attention(result.attention, modality)
            title = f"Attention over time, {modality}"
            figures.append(Illustration(title=title, caption=caption, plot=plot, numbers=numbers))
    plot = None if result.shares is None else plots.shares_by_mood(result.shares)
    if plot is not None and result.shares is not None:
        caption = (
            "share of each path in the score of the track that stands first, mean over the moments of each mood group; "
            "groups may overlap."
        )
        numbers = tables.shares(result.shares)
        figures.append(Illustration(title="Share of each path", caption=caption, plot=plot, numbers=numbers))
    return figures


def _explanation_gaps(result: Result) -> list[str]:
    gaps = []
    if result.attention is None or not (result.attention.lyrics or result.attention.audio):
        gaps.append("No attention weights are shown: no track of this run has lyrics or audio vectors to attend to.")
    if result.shares is None or not result.shares.groups:
        gaps.append("No shares of the paths are shown: this run has no listeners that could be grouped by mood.")
    return gaps


def _cost_figures(result: Result) -> list[Illustration]:
    plot = plots_by_round.bytes_by_round(result.curve)
    if plot is None:
        return []
    caption = "what all devices of the cohort sent and received."
    numbers = tables.curve_bytes(result)
    return [Illustration(title="Bytes by round", caption=caption, plot=plot, numbers=numbers)]
