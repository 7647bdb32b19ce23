"""Pictures of the listener's page, of a SIMULATED listener: `python -m docs.write_screenshots`. Chromium is needed.

The page is the real one, served from a profile that is made for it and thrown away; look at each before you keep it.
"""

import hashlib
import io
import os
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from client.consent.purpose import WORDINGS, Purpose
from client.ledger.ledger import open_ledger
from client.node.sent import SentUpdate, note_sent
from client.profile import open_profile
from shared_model.books.entries import CheckpointSeen, Debit, Joined
from shared_model.privacy.spent import Relation, Trust
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
        _take_part(root / "profile")
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


def _take_part(folder: Path) -> None:
    """Two SIMULATED rounds in the ledger, and what would have left in them."""
    with open_profile(folder) as profile:
        with open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger:
            ledger.append(Joined(log_key_sha256=hashlib.sha256(b"simulated").hexdigest()))
            for number in (1, 2):
                ledger.debit(
                    Debit(
                        run="simulated", round=number, intent_sha256="00" * 32, log_index=2 * number - 2,
                        noise_multiplier=4.0, relation=Relation.ZERO_OUT, trust=Trust.DISTRIBUTED, month="2026-11",
                    )
                )  # fmt: skip
                ledger.append(CheckpointSeen(size=2 * number - 1, root="00" * 32))
        for number in (1, 2):
            sent = SentUpdate(
                at_s=int(time.time()) - 86_400 * (3 - number), run="simulated", round=number, numbers=6_250,
                size_bytes=17_443, clip_norm=0.5, noise_multiplier=4.0, trust=Trust.DISTRIBUTED, own_noise=0.2021,
            )  # fmt: skip
            note_sent(profile.history, sent)


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
