import io
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from simulations.quality.page import render_page
from simulations.quality.result_schema import parse_quality
from simulations.quality.terminal import print_quality


def changed(done, **changes):
    content = json.loads((done.folder / "result.json").read_bytes())
    return parse_quality(content | changes, source="x")


def printed(result, width=140):
    buffer = io.StringIO()
    print_quality(Console(file=buffer, width=width), result, page=Path("/runs/a/report.html"))
    return buffer.getvalue()


class Page(HTMLParser):
    """A strict reading: every element is closed in order, and ids are given once."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.captions = [], [], 0
        self.feed(text)
        self.close()
        assert self.open == []
        assert len(set(self.ids)) == len(self.ids)

    def handle_starttag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]
        self.captions += tag in ("caption", "figcaption")
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("kind", ["central", "half"])
def test_the_page_is_well_formed_and_asks_for_nothing_from_outside(kind, request):
    done = request.getfixturevalue(kind)
    text = (done.folder / "report.html").read_text()
    assert {"quality", "groups", "cold-start", "explanation", "disclosure"} <= set(Page(text).ids)
    assert "http://" not in text
    assert "https://" not in text
    assert "<script" not in text
    assert "no privacy: trained in the clear" in text
    assert text == render_page(done.result)
    assert "simulated" not in text.lower()


@pytest.mark.parametrize("kind", ["central", "half"])
def test_page_and_terminal_hold_the_model_and_every_baseline_with_intervals(kind, request):
    result = request.getfixturevalue(kind).result
    page, terminal = render_page(result), printed(result, width=200)
    for row in (result, *result.baselines.values(), *result.ceilings.values()):
        assert f"{row.hr_at_10:.3f}<small>{row.hr_at_10_low:.3f}–{row.hr_at_10_high:.3f}" in page
        assert f"{row.hr_at_10:.3f} {row.hr_at_10_low:.3f}–{row.hr_at_10_high:.3f}" in terminal
    for row in result.groups:
        assert row.name in page
        assert row.name in terminal
    for sentence in result.verdict:
        assert sentence in terminal


def test_every_table_figure_and_title_says_simulated_where_listeners_were(half):
    result = changed(half, simulated=True)
    text = render_page(result)
    pills = text.count('<span class="pill">simulated</span>')
    assert pills == Page(text).captions + 3 + len(result.verdict) + 1  # cards, verdict, the strongest path
    assert text.count("SIMULATED listeners.") == 1
    terminal = printed(result)
    assert terminal.count("SIMULATED listeners") == 8  # seven tables and the verdict


def test_a_group_without_targets_is_a_dash_and_no_point(half):
    content = json.loads((half.folder / "result.json").read_bytes())
    rows = content["groups"]
    for row in rows:
        if row["division"] == "popularity":
            row["targets"] = 0
            row["model"] = row["blend"] = dict.fromkeys(row["model"])
    page = render_page(parse_quality(content, source="x"))
    assert "<td>–</td>" in page
    assert "by popularity of the target, from" not in page


def test_markup_in_a_title_is_text(half):
    result = changed(half, title="<b>x</b> [bold]y[/nothing]")
    assert "<b>x</b>" not in render_page(result)
    assert "<b>x</b> [bold]y[/nothing]" in printed(result)


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_line_is_too_long(width, half):
    assert max(map(len, printed(half.result, width).splitlines())) <= width
