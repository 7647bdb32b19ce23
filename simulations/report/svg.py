"""Matplotlib figures as SVG that stands inside a page: themed by the page's CSS, the same bytes on every run.

Figures are painted in placeholder colours, one for each role; `inline_svg` exchanges them for CSS variables, so that
one drawing serves the light and the dark theme. Text stays text: it can be selected, searched and enlarged.
"""

import io
import re
import warnings
from dataclasses import dataclass
from typing import Literal

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

ROLES = (
    "ink", "muted", "rule", "paper", "private", "federated", "release", "ceiling", "baseline",
    "hue-1", "hue-2", "hue-3", "hue-4", "hue-5", "hue-6", "hue-7", "hue-8",
)  # fmt: skip
"""Each is a CSS variable of templates/style.css, `--ink` and so on."""

DASHED, DOTTED, DASHDOTTED = "6 4", "1.5 4", "8 3 1.5 3"
"""SVG dash arrays; the empty text is a solid line."""

HUES = tuple(role for role in ROLES if role.startswith("hue-"))

_WIDTH = 440  # SVG units, which the page shows as about as many pixels: text keeps its size
_LONGEST_LABEL = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One entry of a legend, which the page writes as HTML.

    dash: an SVG dash array, empty for a solid line. patch: it stands for a filled shape, not for a line.
    """

    label: str
    role: str
    dash: str = ""
    patch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A drawing, its legend, and what a listener of the page hears in its place."""

    svg: Markup
    keys: tuple[Key, ...]
    alt: str


def colour(role: str) -> str:
    """The placeholder of a role. Raises ValueError for a role that the style sheet does not know."""
    return f"#0000{ROLES.index(role) + 1:02x}"


themed = mpl.rc_context(
    {
        "font.size": 11,
        "svg.fonttype": "none",
        "text.parse_math": False,  # a dollar sign in somebody's title is a dollar sign
        "text.color": colour("ink"),
        "axes.labelcolor": colour("muted"),
        "axes.edgecolor": colour("rule"),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "grid.color": colour("rule"),
        "xtick.color": colour("muted"),
        "ytick.color": colour("muted"),
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "lines.linewidth": 2,
    }
)
"""Decorates every function that draws: matplotlib reads most of its style when a line or a text is made."""


def line_style(dash: str) -> str | tuple[int, tuple[float, ...]]:
    """An SVG dash array as matplotlib's, which counts in line widths (of 2 units here)."""
    return (0, tuple(float(length) / 2 for length in dash.split())) if dash else "solid"


def tick_label(text: str) -> str:
    """`text` on one line, cut where it would crowd the drawing out; the words beside the figure have all of it."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_LABEL else line[: _LONGEST_LABEL - 1] + "…"


def blank(*, height: int = 270, grid: Literal["x", "y"] = "y") -> tuple[Figure, Axes]:
    """An empty figure `height` units tall with one pair of axes, whose grid stands on one of them."""
    figure = Figure(figsize=(_WIDTH / 72, height / 72), layout="constrained")
    axes = figure.subplots()
    axes.grid(visible=False, axis="x" if grid == "y" else "y")
    return figure, axes


def inline_svg(figure: Figure, *, name: str, alt: str) -> Markup:
    """The figure as an `<svg>` element without outside references. `name` keeps its ids apart from other figures'."""
    buffer = io.BytesIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.hashsalt": name}), warnings.catch_warnings():
        # the reader's own font draws the text; matplotlib's lacking a glyph changes a width at most
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(buffer, format="svg", transparent=True, metadata=no_metadata)
    text = buffer.getvalue().decode()
    body = re.sub(r"<!--.*?-->|<style.*?</style>", "", text[text.index("<svg") :], flags=re.DOTALL)
    body = re.sub(r"(?<=[;\"]) ?font-family: [^;\"]*;?", "", body)
    body = re.sub(r"(?<=fill: |roke: )#0000([0-9a-f]{2})", lambda match: f"var(--{ROLES[int(match[1], 16) - 1]})", body)
    referenced = set(re.findall(r"#([mp][0-9a-f]{6,})", body))
    body = re.sub(r' id="([^"]*)"', lambda match: match[0] if match[1] in referenced else "", body)
    body = body.replace("xlink:href", "href")
    box = re.search(r'viewBox="[^"]*"', body)
    assert box is not None
    head = Markup('<svg role="img" aria-label="{}" ').format(alt)
    return head + Markup(box[0] + body[body.index(">") :])  # noqa: S704  # drawn above; matplotlib escapes its texts
