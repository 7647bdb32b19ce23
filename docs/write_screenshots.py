"""Pictures of the listener's page, of a SIMULATED listener: `python -m docs.write_screenshots`. Chromium is needed.

The page is the real one, served from a profile that is made for it and thrown away; look at each before you keep it.
"""

import io
import os
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from client.consent.purpose import WORDINGS, Purpose
from tests.client.conftest import PASSPHRASE
from tests.client.prepared import make_profile
from tests.client.web.browsing import chromium
from tests.client.web.serving import Serving, serving, write_simulated_export

IMAGES = Path(__file__).parent / "images"
PICTURES = {
    "page-today-light": ("/", "light", 900),
    "page-today-dark": ("/", "dark", 900),
    "page-today-narrow": ("/", "light", 360),
    "page-checkin-light": ("/checkin", "light", 900),
    "page-history-light": ("/history", "light", 900),
    "page-privacy-dark": ("/privacy", "dark", 900),
}
"""Path, colours and width of each."""
HEIGHT, COLOURS, PLAYS, PORT = 1_000, 48, 600, 8795


def main() -> None:
    """Write all of them."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for kind in ("STATE", "CACHE", "DATA", "CONFIG"):
            os.environ[f"XDG_{kind}_HOME"] = str(root / kind)
        os.environ |= {"SOTTOVOCE_PASSPHRASE": PASSPHRASE, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
        make_profile(root / "profile")
        write_simulated_export(root / "export.json", plays=PLAYS)
        with serving(root / "profile", port=PORT) as served, chromium() as browser:
            state = _prepared(served, browser, export=root / "export.json")
            for name, (path, scheme, width) in PICTURES.items():
                context = browser.new_context(
                    viewport={"width": width, "height": HEIGHT}, color_scheme=scheme, storage_state=state
                )  # fmt: skip
                page = context.new_page()
                page.goto(served.origin + path)
                (IMAGES / f"{name}.png").write_bytes(_small(page.screenshot()))
                context.close()


def _prepared(served: Serving, browser: Browser, *, export: Path) -> object:
    """The cookies of a listener who agreed to learning and moods, and imported an export."""
    page = browser.new_context().new_page()
    page.goto(served.link)
    for purpose in (Purpose.LISTENING, Purpose.MOOD):
        page.get_by_label(WORDINGS[purpose].question).check()
    page.get_by_role("button", name="Keep these choices").click()
    page.goto(served.origin + "/history")
    page.set_input_files("#export", export)
    page.get_by_role("button", name="Import").click()
    page.wait_for_selector("main a.button", timeout=60_000)
    page.goto(served.origin + "/")
    page.wait_for_selector(".tracks li", timeout=60_000)
    return page.context.storage_state()


def _small(png: bytes) -> bytes:
    """The same in a palette: a page has few colours."""
    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
