import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from shared_model.errors import BadInput
from simulations.report.comparison import (
    by_epsilon,
    comparison_table,
    order_sentence,
    print_comparison,
    render_comparison,
    sort_variants,
    write_comparison,
)
from simulations.report.result_schema import Result, parse_result


@pytest.fixture
def variant(content: dict[str, Any]) -> Any:
    """Makes results that differ in name, quality and epsilon (None: no noise)."""
    factors = {name: value / content["hr_at_10"] for name, value in content.items() if re.search(r"_at_\d+", name)}

    def build(name: str | None, level: float, epsilon: float | None = 4.0, **changes: Any) -> Result:
        own = {metric: round(level * factor, 4) for metric, factor in factors.items()}
        own |= {metric: content[metric] for metric in ("coverage_at_20", "popularity_percentile", "gini")}
        made = content | own | {"variant": name, "epsilon_pld": epsilon} | changes
        made["models"] = content["models"] | {"federated_private": own}
        if epsilon is None:
            made |= {"epsilon_rdp": None, "epsilon_device": None, "epsilon_reason": "off"}
            made["privacy"] = content["privacy"] | {"mechanism": "off"}
        return parse_result(made, source="fixture")

    return build


def test_an_ablation_is_sorted_by_quality(variant: Any) -> None:
    results = [variant("audio", 0.1), variant("both", 0.3), variant("lyrics", 0.2)]
    assert [result.variant for result in sort_variants(results)] == ["both", "lyrics", "audio"]
    assert not by_epsilon(results)


def test_a_sweep_is_sorted_by_epsilon_with_infinity_last(variant: Any) -> None:
    results = [variant("none", 0.3, None), variant("eight", 0.2, 8.0), variant("one", 0.25, 1.0)]
    assert [result.variant for result in sort_variants(results)] == ["one", "eight", "none"]
    assert by_epsilon(results)


def test_an_epsilon_that_nobody_can_compute_is_not_drawn_as_infinite(variant: Any) -> None:
    unknown = variant("a", 0.2, 1.0).model_copy(update={"epsilon_pld": None, "epsilon_reason": "no accountant"})
    results = [unknown, variant("b", 0.2, 2.0), variant("c", 0.2, 3.0)]
    assert not by_epsilon(results)
    assert "∞" not in render_comparison(results)


def test_the_order_says_whether_it_may_be_chance(variant: Any) -> None:
    near = order_sentence([variant("a", 0.200), variant("b", 0.201)])
    far = order_sentence([variant("a", 0.100), variant("b", 0.300)])
    assert near.startswith("By HR@10: b 0.201, a 0.200.")
    assert "overlap: their order may be chance" in near
    assert "do not overlap" in far


def test_the_table_marks_the_best_and_gives_the_gain_over_release_0(variant: Any, content: dict[str, Any]) -> None:
    results = sort_variants([variant("a", 0.1), variant("b", 0.3)])
    (group,) = comparison_table(results).groups
    assert [(row.name, row.own) for row in group.rows] == [("b", True), ("a", False)]
    assert [row.cells[3].text for row in group.rows] == ["+0.113", "-0.087"]
    assert content["models"]["release_0"]["hr_at_10"] == 0.187


def test_the_page_of_a_sweep_draws_quality_over_epsilon(variant: Any, tmp_path: Path) -> None:
    results = [variant(f"e{epsilon}", 0.2 + epsilon / 100, float(epsilon)) for epsilon in (1, 2, 4)]
    page = write_comparison([*results, variant("off", 0.3, None)], tmp_path)
    html = page.read_text("utf-8")
    assert "HR@10 by epsilon" in html
    assert ">∞</text>" in html
    assert "0.300 at epsilon infinite (no noise)" in html
    for epsilon in ("1.000", "2.000", "4.000", "infinite (no noise)"):
        assert f"<td>{epsilon}</td>" in html
    assert "Epsilon: delta 1e-4, unit device, add-or-remove-one, central trust" in html


def test_the_page_says_simulated_needs_no_network_and_repeats(variant: Any) -> None:
    results = [variant("<b>a</b>", 0.1), variant("b", 0.3)]
    html = render_comparison(results)
    assert "SIMULATED listeners" in html
    captions = re.findall(r"<(?:fig)?caption>(.*?)</(?:fig)?caption>", html, re.DOTALL)
    assert len(captions) == 3
    assert all("simulated" in caption for caption in captions)
    assert not re.search(r"https?:|<script|<b>", html)
    assert render_comparison(results[::-1]) == html


def test_the_terminal_shows_the_same_order(variant: Any) -> None:
    buffer = io.StringIO()
    results = [variant("[red]a", 0.1), variant("b", 0.3)]
    print_comparison(Console(file=buffer, width=100), results, page=Path("/runs/report.html"))
    text = buffer.getvalue()
    assert text.index("b   ") < text.index("[red]a")
    assert "By HR@10: b 0.300, [red]a 0.100." in text
    assert "SIMULATED" in text


def test_what_cannot_be_compared_is_refused(variant: Any, content: dict[str, Any]) -> None:
    one = variant("a", 0.1)
    other_data = variant("b", 0.1, dataset=content["dataset"] | {"name": "lastfm"})
    for results, reason in (
        ([one], "1 results given"),
        ([one, variant("a", 0.2)], "'a' is missing or given twice"),
        ([one, variant(None, 0.2)], "None is missing"),
        ([one, variant("b", 0.2, scenario="quick")], "several scenarios"),
        ([one, other_data], "several data sets"),
    ):
        with pytest.raises(BadInput, match=reason):
            render_comparison(results)
