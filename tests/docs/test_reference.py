import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
WRITER = runpy.run_path(str(DOCS / "write_reference.py"))


@pytest.mark.parametrize(
    ("page", "write"), [("scenarios.md", "scenarios_page"), ("cli.md", "cli_page"), ("settings.md", "settings_page")]
)
def test_the_reference_says_what_the_code_does(page, write):
    assert (DOCS / page).read_text(encoding="utf-8") == WRITER[write](), f"docs/{page} is out of date: run `make docs`"
