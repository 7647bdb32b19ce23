"""An epsilon job as one HTML file that needs no network, no script and no other file."""

from pathlib import Path

from shared_model.durable import write_atomically
from simulations.epsilon import plots, tables
from simulations.epsilon.result_schema import EpsilonResult
from simulations.report.content import Illustration
from simulations.report.page import render
from simulations.report.wording import METRICS


def write_page(result: EpsilonResult, path: Path) -> None:
    """Write the page; its folder must exist. The same result gives the same bytes."""
    write_atomically(path, render_page(result).encode())


def render_page(result: EpsilonResult) -> str:
    """The page as text."""
    figures = [
        Illustration(
            title=f"{METRICS[metric]}, {start.public_listeners:,} public listeners",
            caption=f"means over {result.noise_seeds} releases. {tables.terms(result)}",
            plot=plots.by_epsilon(result, start, metric),
        )
        for start in result.starts
        for metric in tables.SHOWN
        if getattr(start.release_0_personal, metric) is not None
    ]
    facts = result.dataset
    said = (
        f"Scenario {result.scenario} · data set {facts.name}: {facts.tracks:,} tracks, {facts.private_listeners:,} "
        f"private listeners, {facts.targets:,} targets of which {facts.new_targets:,} new"
    )
    return render("epsilon.html.j2", result=result, facts=said, by_epsilon=tables.by_epsilon(result), figures=figures)
