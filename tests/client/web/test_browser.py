"""A listener in a real browser: the choices, an import, every page with axe, narrow and dark, a check-in, a withdrawal,
an export, and the end."""

import json
import zipfile

import pytest

from client.consent.purpose import WORDINGS, Purpose
from client.profile import open_profile
from tests.client.prepared import make_profile
from tests.client.web.browsing import PAGES, chromium, faults, overflows
from tests.client.web.serving import serving, write_simulated_export

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.enable_socket]
PLAYS = 600


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_from_the_first_choices_to_the_end(headless, tmp_path, scripts):
    folder = tmp_path / "profile"
    make_profile(folder)
    write_simulated_export(tmp_path / "export.json", plays=PLAYS)
    with serving(folder, port=8797) as served, chromium() as browser:
        context = browser.new_context(viewport={"width": 900, "height": 900}, java_script_enabled=scripts)
        page = context.new_page()
        page.goto(served.link)

        def done() -> str:
            """Long work, looked at until it has ended."""
            if scripts:  # the page looks again by itself
                page.wait_for_selector("main a.button", timeout=60_000)
            for _ in range(120):
                if page.locator("main a.button").count():
                    return page.inner_text("main")
                page.wait_for_timeout(500)
                page.goto(served.origin + "/work")
            raise AssertionError(page.inner_text("main"))

        # nothing before the choices, none of which is ticked
        page.goto(served.origin + "/history")
        assert page.url == served.origin + "/welcome"
        assert page.locator("input[type=checkbox]:checked").count() == 0
        for purpose in (Purpose.LISTENING, Purpose.MOOD):
            page.get_by_label(WORDINGS[purpose].question).check()
        page.get_by_role("button", name="Keep these choices").click()

        page.goto(served.origin + "/history")
        page.set_input_files("#export", tmp_path / "export.json")
        page.get_by_role("button", name="Import").click()
        assert f"Imported {PLAYS} plays from listenbrainz." in done()

        page.goto(served.origin + "/checkin")
        page.get_by_label("Count this answer").first.check()
        page.get_by_role("button", name="Keep these answers").click()
        with open_profile(folder) as profile:
            assert profile.mood() is not None

        page.goto(served.origin + "/")
        assert page.locator(".tracks li").count() == 10
        hated = page.locator(".tracks h2").first.inner_text()
        page.get_by_role("button", name="Hate").first.click()
        assert page.url == served.origin + "/"
        assert page.locator(".tracks h2").all_inner_texts().count(hated) == 0
        assert page.locator(".tracks li").count() == 10

        page.goto(served.origin + "/privacy")
        page.get_by_role("button", name="Withdraw: " + WORDINGS[Purpose.MOOD].question).click()
        assert "the answers with it" in page.inner_text("main")
        with open_profile(folder) as profile:
            assert profile.mood() is None
            assert not profile.consents.holds(Purpose.MOOD)

        page.goto(served.origin + "/data")
        page.get_by_role("button", name="Make an export").click()
        done()
        page.goto(served.origin + "/data")
        with page.expect_download() as fetched:
            page.get_by_role("link", name="Fetch your export").click()
        with zipfile.ZipFile(fetched.value.path()) as archive:
            assert len(archive.read("tables/listens.jsonl").splitlines()) == PLAYS
            (said,) = map(json.loads, archive.read("tables/feedback.jsonl").splitlines())
            assert (said["said"], said["title"]) == ("hate", hated)

        page.goto(served.origin + "/data")
        page.get_by_role("button", name="Erase everything").click()
        assert "Nothing was erased" in page.inner_text("main")
        assert folder.exists()
        page.get_by_label("I am sure").check()
        page.get_by_role("button", name="Erase everything").click()
        assert "are gone" in page.inner_text("main")
        assert not folder.exists()
        assert served.process.wait(timeout=60) == 0


def test_axe_finds_nothing_serious_and_nothing_needs_scrolling_sideways(headless, tmp_path):
    folder = tmp_path / "profile"
    make_profile(folder)
    write_simulated_export(tmp_path / "export.json", plays=PLAYS)
    with serving(folder, port=8796) as served, chromium() as browser:
        page = browser.new_context(viewport={"width": 900, "height": 900}).new_page()
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(served.link)
        assert faults(page) == []
        page.get_by_label(WORDINGS[Purpose.LISTENING].question).check()
        page.get_by_role("button", name="Keep these choices").click()
        page.goto(served.origin + "/history")
        page.set_input_files("#export", tmp_path / "export.json")
        page.get_by_role("button", name="Import").click()
        page.wait_for_selector("main a.button")
        assert faults(page) == []
        state = page.context.storage_state()
        for scheme in ("light", "dark"):
            narrow = browser.new_context(
                viewport={"width": 320, "height": 800}, color_scheme=scheme, storage_state=state
            ).new_page()
            for path in PAGES:
                narrow.goto(served.origin + path)
                assert faults(narrow) == [], (scheme, path)
                assert overflows(narrow) == [], (scheme, path)
                # 200 % text in a window of 640 pixels is this window with text twice as large
                narrow.set_viewport_size({"width": 640, "height": 800})
                narrow.evaluate("document.documentElement.style.fontSize = '200%'")
                assert overflows(narrow) == [], (scheme, path, "200 %")
                narrow.set_viewport_size({"width": 320, "height": 800})
        assert errors == []
