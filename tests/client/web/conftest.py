"""The app as it is served, called without a socket of the network; and a visitor who came in by a link."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from client.consent.purpose import Purpose
from client.profile import Profile, open_profile
from client.web.app import make_app
from client.web.served import Served
from client.web.session import new_link, page_key
from tests.client.prepared import make_profile

PORT = 8765
ORIGIN = f"http://127.0.0.1:{PORT}"
NOW_S = 1_790_000_000


@dataclass(slots=True)
class Clock:
    """Stands still until it is moved."""

    now_s: float = NOW_S

    def __call__(self) -> float:
        return self.now_s


@dataclass(slots=True)
class Visit:
    """A browser, as far as forms and cookies go."""

    http: TestClient
    profile: Profile
    clock: Clock
    stopped: list[bool] = field(default_factory=list)

    @property
    def served(self) -> Served:
        return self.http.app.state.served  # type: ignore[attr-defined, no-any-return]

    def link(self) -> str:
        return new_link(page_key(self.profile.ledger_key), now_s=int(self.clock()))

    def enter(self) -> httpx.Response:
        return self.http.get("/enter", params={"link": self.link()}, follow_redirects=False)

    def mark(self) -> str:
        """That of this session's forms."""
        found = re.search(r'name="mark" value="(\w+)"', self.http.get("/data").text)
        assert found is not None
        return found[1]

    def send(self, path: str, *, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
        """A form from a page of this session."""
        body = {"mark": self.mark()} | fields
        return self.http.post(path, data=body, headers={"Origin": ORIGIN} | (headers or {}), follow_redirects=False)

    def wait(self) -> str:
        """For long work to end; the sentence it ended with."""
        for _ in range(3_000):
            piece = self.served.work.piece
            if piece is not None and piece.said is not None:
                return piece.said
            time.sleep(0.02)
        raise AssertionError("the work does not end")


@pytest.fixture
def profile(headless: Path, tmp_path: Path) -> Iterator[Profile]:
    """Unlocked and new: nothing was decided."""
    make_profile(tmp_path / "profile")
    with open_profile(tmp_path / "profile") as opened:
        yield opened


@pytest.fixture
def stranger(profile: Profile) -> Iterator[Visit]:
    """Somebody without a link."""
    clock, stopped = Clock(), []
    app = make_app(profile, port=PORT, clock=clock, stop=lambda: stopped.append(True))
    with TestClient(app, base_url=ORIGIN, client=("127.0.0.1", 50_000)) as http:
        yield Visit(http, profile, clock, stopped)


@pytest.fixture
def newcomer(stranger: Visit) -> Visit:
    """In, and asked nothing yet."""
    assert stranger.enter().status_code == 303
    return stranger


@pytest.fixture
def visit(newcomer: Visit) -> Visit:
    """In, and agreed to learning from listening alone."""
    for purpose in Purpose:
        newcomer.profile.consents.decide(purpose, granted=purpose is Purpose.LISTENING, at_s=1)
    return newcomer
