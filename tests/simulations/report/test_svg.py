import re
from pathlib import Path

import pytest

from simulations.report.svg import ROLES, blank, colour, inline_svg, themed, tick_label

STYLE = Path(__file__).parents[3] / "simulations" / "report" / "templates" / "style.css"


@themed
def drawing(name: str = "test") -> str:
    figure, axes = blank()
    axes.plot([0, 1], [0, 1], "o-", color=colour("private"))
    axes.fill_between([0, 1], [0, 1], color=colour("hue-3"), alpha=0.5)
    return str(inline_svg(figure, name=name, alt='a "quoted" <line>'))


def test_every_colour_is_a_variable_of_the_style_sheet() -> None:
    svg = drawing()
    assert set(re.findall(r"(?:fill|stroke): ([^;\"]+)", svg)) <= {"none", *(f"var(--{role})" for role in ROLES)}
    assert "var(--private)" in svg
    assert "var(--hue-3)" in svg


@pytest.mark.parametrize("theme", [0, 1])
def test_both_themes_define_every_role(theme: int) -> None:
    light, dark = STYLE.read_text("utf-8").split("prefers-color-scheme: dark")
    defined = set(re.findall(r"--([\w-]+): #", (light, dark)[theme]))
    assert set(ROLES) <= defined


def luminance(colour_code: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour_code[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
def test_text_and_lines_stand_out_from_the_paper(theme: int) -> None:
    colours = dict(
        re.findall(r"--([\w-]+): #([0-9a-f]{6})", STYLE.read_text("utf-8").split("prefers-color-scheme: dark")[theme])
    )
    paper = luminance(colours["paper"])
    for role in set(ROLES) - {"paper", "rule"}:
        light, dark = sorted((paper, luminance(colours[role])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, role


def test_ids_of_two_figures_do_not_meet() -> None:
    first, second = (set(re.findall(r' id="([^"]+)"', drawing(name))) for name in ("one", "two"))
    assert first
    assert not first & second


def test_the_alternative_text_is_escaped() -> None:
    assert 'aria-label="a &#34;quoted&#34; &lt;line&gt;"' in drawing()


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValueError, match="tuple"):
        colour("magenta")


def test_a_long_label_is_cut_in_the_drawing() -> None:
    assert tick_label("steady\nmood") == "steady mood"
    assert tick_label("x" * 26) == "x" * 26
    assert tick_label("x" * 27) == "x" * 25 + "…"
