"""A profile whose listener agreed, its token, and the endpoint behind a real uvicorn."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, select

from client.consent.purpose import Purpose
from client.keys.player_token import new_player_token
from client.profile import Profile, open_profile
from client.store.tables import listens, recordings
from client.web.listenbrainz.router import listenbrainz_router
from tests.client.prepared import make_profile

NOW_S = 1_760_000_000
Held = list[tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Running:
    """url: of the server, without a slash at its end."""

    url: str
    token: str
    profile: Profile
    folder: Path

    def client(self) -> httpx.Client:
        """One that shows the token."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Token {self.token}"}, trust_env=False)

    def held(self) -> Held:
        """Start, artist and title of every play in the store."""
        return held_in(self.profile.history)


def held_in(history: Engine) -> Held:
    """The same of any database."""
    query = select(listens.c.started_at_s, recordings.c.artist, recordings.c.title).join(recordings)
    with history.connect() as connection:
        return sorted(tuple(row) for row in connection.execute(query))


@pytest.fixture
def profile(headless: Path, tmp_path: Path) -> Iterator[Profile]:
    """Unlocked; its listener agreed to learning from listening."""
    make_profile(tmp_path / "profile")
    with open_profile(tmp_path / "profile") as opened:
        opened.consents.decide(Purpose.LISTENING, granted=True, at_s=1)
        yield opened


@pytest.fixture
def running(profile: Profile) -> Iterator[Running]:
    """The router alone, served over a socket of this machine."""
    token = new_player_token(profile.folder, ledger_key=profile.ledger_key)
    with served(lambda: listenbrainz_router(profile, clock=lambda: NOW_S)) as url:
        yield Running(url, token, profile, profile.folder)


@contextmanager
def served(router: Callable[[], object]) -> Iterator[str]:
    """The address of a uvicorn that serves the router until the context ends."""
    app = FastAPI()
    app.include_router(router())
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()


def listen(after_s: int = 0, title: str = "Er ist's", **info: object) -> dict[str, object]:
    """As a player submits it."""
    track = {"artist_name": "Hugo Wolf", "track_name": title, "additional_info": info}
    return {"listened_at": NOW_S - 10_000 + after_s, "track_metadata": track}
