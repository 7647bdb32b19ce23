"""Debian's Chromium without a window, and axe-core, which looks for what people with other senses cannot use."""

from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.client.conftest import installed

PAGES = ("/", "/checkin", "/checkin?instrument=k6", "/history", "/privacy", "/data", "/settings")
_GRAVE = {"serious", "critical"}


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser; every context of it is a fresh profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed("chromium"), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def faults(page: Page) -> list[str]:
    """What axe calls serious or critical, each with the element."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:120]} {node.get('failureSummary', '')}"
        for each in found
        if each["impact"] in _GRAVE
        for node in each["nodes"]
    ]


def overflows(page: Page) -> list[str]:
    """Elements that reach out of the window to the right, so that one would have to scroll sideways."""
    wide: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
            .map(each => each.outerHTML.slice(0, 120))"""
    )
    scrolls: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*wide, "the page scrolls sideways"] if scrolls else wide
