import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from simulations.report.result_schema import parse_result
from simulations.report.terminal import print_result


def printed(content: dict[str, Any], width: int = 140) -> str:
    buffer = io.StringIO()
    page = Path("/runs/a/report.html")
    print_result(Console(file=buffer, width=width), parse_result(content, source="x"), page=page)
    return buffer.getvalue()


def test_the_quality_table_has_every_recommender_with_intervals(content: dict[str, Any]) -> None:
    text = printed(content)
    for group in ("models", "baselines", "ceilings"):
        for metrics in content[group].values():
            assert f"{metrics['hr_at_10']:.3f} {metrics['hr_at_10_low']:.3f}–{metrics['hr_at_10_high']:.3f}" in text
            assert f"{metrics['new_mrr_at_20']:.3f}" in text


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_number_is_broken_and_no_line_is_too_long(content: dict[str, Any], width: int) -> None:
    text = printed(content, width)
    assert max(map(len, text.splitlines())) <= width
    for metrics in content["models"].values():
        assert f"{metrics['hr_at_10']:.3f} {metrics['hr_at_10_low']:.3f}–{metrics['hr_at_10_high']:.3f}" in text


def test_titles_say_simulated_and_the_verdict_and_the_page_come_last(content: dict[str, Any]) -> None:
    text = printed(content)
    assert text.count("SIMULATED listeners · ") == 3
    verdict = text[text.index("Verdict (SIMULATED listeners)") :]
    assert content["verdict"][0] in verdict
    assert verdict.endswith("/runs/a/report.html\n")
    content["simulated"] = False
    assert "SIMULATED" not in printed(content)


def test_markup_in_a_title_is_printed_as_it_is(content: dict[str, Any]) -> None:
    content["title"] = content["verdict"][0] = "[bold]x[/nothing] :smile:"
    assert printed(content).count("[bold]x[/nothing] :smile:") == 2


def test_a_long_path_of_the_page_is_not_broken(content: dict[str, Any]) -> None:
    buffer = io.StringIO()
    page = Path("/runs") / ("a" * 120) / "report.html"
    print_result(Console(file=buffer, width=80), parse_result(content, source="x"), page=page)
    assert str(page) in buffer.getvalue()
