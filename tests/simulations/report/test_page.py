import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from shared_model.errors import BadInput
from simulations.report.page import page_from_folder, render_page
from simulations.report.result_schema import parse_result

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """A strict reading: every element is closed in order, every attribute is given once."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), (tag, attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def render(content: dict[str, Any]) -> str:
    return render_page(parse_result(content, source="fixture"))


@pytest.fixture(scope="module")
def html(unchanged_content: dict[str, Any]) -> str:
    return render(unchanged_content)


def test_the_page_is_well_formed(html: str) -> None:
    page = Page(html)
    assert html.startswith("<!DOCTYPE html>")
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    targets = re.findall(r'(?:href="|url\()#([^")]+)', html)
    assert targets
    assert set(targets) <= set(ids)


def test_the_page_asks_for_nothing_from_outside(html: str) -> None:
    page = Page(html)
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", html)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.elements}
    assert any("default-src 'none'" in (meta.get("content") or "") for meta in page.all("meta"))


def test_every_figure_says_in_words_what_it_shows(html: str) -> None:
    page = Page(html)
    drawings = [attributes for attributes in page.all("svg") if attributes.get("role") == "img"]
    assert len(drawings) == len(page.all("figure")) == 10
    for attributes in drawings:
        assert len(attributes["aria-label"] or "") > 40
    assert len({attributes["aria-label"] for attributes in drawings}) == len(drawings)


def test_tables_have_captions_and_scoped_headings(html: str) -> None:
    page = Page(html)
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(attributes.get("scope") in ("col", "row", "rowgroup") for attributes in page.all("th"))


def test_every_measured_number_is_on_the_page(content: dict[str, Any], html: str) -> None:
    measured = [
        value
        for group in (content["models"], content["baselines"], content["ceilings"])
        for metrics in group.values()
        for value in metrics.values()
    ]
    measured += [
        value
        for point in content["curve"]
        for model in ("federated_private", "federated")
        for value in (point[model] or {}).values()
    ]
    measured += [weight for part in ("lyrics", "audio") for row in content["attention"][part] for weight in row]
    measured += [weight for row in content["shares"]["weights"] for weight in row]
    shown = set(re.findall(r"\d+\.\d{3}(?!\d)", html))
    assert {f"{value:.3f}" for value in measured} <= shown
    for stated in ("4.487", "5.031", "16.104", "delta 1e-4", "1.104", "137 invitations", "1,341", "7,977"):
        assert stated in html
    for point in content["curve"][1:]:
        assert f"<td>{point['bytes_up']:,}</td>" in html


def test_every_caption_says_simulated_and_the_banner_stands_before_the_first_number(html: str) -> None:
    captions = re.findall(r"<(?:fig)?caption>(.*?)</(?:fig)?caption>", html, re.DOTALL)
    assert len(captions) > 15
    assert all('<span class="pill">simulated</span>' in caption for caption in captions)
    assert html.index("SIMULATED listeners") < html.index('class="verdict"') < html.index('class="headline"')


def test_a_run_on_real_listeners_is_not_called_simulated(content: dict[str, Any]) -> None:
    content["simulated"] = False
    content["disclosure"] = ["Sampling: Poisson."]
    assert "simulated" not in render(content).lower()


HOSTILE = "$x_{$ 曲 </style><script>alert('1')</script>\"'&amp; {{ 7*7 }} --> #000003"


def test_hostile_texts_are_text(content: dict[str, Any]) -> None:
    content |= {"title": HOSTILE, "verdict": [HOSTILE], "disclosure": [HOSTILE], "engine": HOSTILE}
    content["dataset"]["name"] = HOSTILE
    content["attention"]["groups"][0] = content["shares"]["groups"][1] = content["shares"]["paths"][0] = HOSTILE
    html = render(content)
    page = Page(html)
    assert "<script" not in html
    assert "".join(page.text).count(HOSTILE) >= 8
    drawings = [attributes["aria-label"] or "" for attributes in page.all("svg") if attributes.get("role") == "img"]
    assert sum(HOSTILE in label for label in drawings) == 3


def test_the_page_ends_with_the_disclosure_list(content: dict[str, Any], html: str) -> None:
    last = html[html.index('id="disclosure"') :]
    assert "<table" not in last
    assert "<h2" not in last
    for item in content["disclosure"]:
        assert item in last


def test_infinite_epsilon_is_said_in_words_and_not_drawn(content: dict[str, Any]) -> None:
    content["privacy"] |= {"mechanism": "off", "noise": None, "device_cap": None}
    content |= {
        "epsilon_pld": None,
        "epsilon_rdp": None,
        "epsilon_device": None,
        "epsilon_reason": "the mechanism is off",
    }
    for point in content["curve"]:
        point |= {"epsilon_pld": None, "epsilon_rdp": None}
    html = render(content)
    assert "infinite (no noise)" in html
    assert "Epsilon by round" not in html
    assert "federated, private" not in html


def test_a_data_set_without_moods_says_why_figures_are_missing(content: dict[str, Any]) -> None:
    content |= {"attention": None, "shares": None, "curve": []}
    html = render(content)
    Page(html)
    assert "No attention weights are shown" in html
    assert "No shares of the paths are shown" in html
    assert html.count("<figure>") == 1


def test_undefined_metrics_are_dashes(content: dict[str, Any]) -> None:
    groups = [content["models"], content["baselines"], content["ceilings"]]
    for metrics in (content, *(row for group in groups for row in group.values())):
        metrics |= {name: None for name in metrics if name.startswith("new_")}
    for point in content["curve"]:
        for model in ("federated", "federated_private"):
            if point[model]:
                point[model]["new_hr_at_10"] = None
    html = render(content)
    assert "new HR@10 by round" not in html
    assert html.count("<td>–</td>") >= 28


def test_the_same_result_gives_the_same_bytes(content: dict[str, Any], html: str) -> None:
    assert render(content) == html


@pytest.mark.integration
def test_another_process_gives_the_same_bytes(content: dict[str, Any], tmp_path: Path) -> None:
    text = parse_result(content, source="fixture").model_dump_json(by_alias=True)
    pages = []
    script = (
        "import pathlib, sys; from simulations.report import page; page.page_from_folder(pathlib.Path(sys.argv[1]))"
    )
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        (folder / "result.json").write_text(text, "utf-8")
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "UTC" if seed == "1" else "Asia/Tokyo"}
        subprocess.run([sys.executable, "-c", script, str(folder)], check=True, env=environment)
        pages.append((folder / "report.html").read_bytes())
    assert pages[0] == pages[1]


def test_a_folder_with_a_broken_result_gets_no_page(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("{", "utf-8")
    with pytest.raises(BadInput):
        page_from_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
