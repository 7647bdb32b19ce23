"""A coordinator on loopback and a profile whose owner agreed to rounds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from client.consent.purpose import Purpose
from client.enrolment.join import Member, join
from client.profile import Profile, open_profile
from server.distribution.publish import publish
from server.distribution.server import DistributionServer
from server.keys.signing import log_signer, release_signer
from server.place import Place
from server.round_log.log import RoundLog
from server.settings import Settings
from shared_model.books.round_log import Leaf
from shared_model.wire.invitation import Invitation
from tests.server.coordinator import free_port, invited, made, small_settings


@dataclass(kw_only=True)
class Coordinator:
    place: Place
    settings: Settings

    @contextmanager
    def up(self, **options: Any) -> Iterator[None]:
        with DistributionServer(self.place, self.settings, **options):
            yield

    def invite(self, label: str = "phone") -> Invitation:
        return invited(self.place, self.settings, label, now_s=int(time.time()))

    def publish(self, **contents: bytes) -> None:
        folder = self.place.root.parent / "to publish"
        folder.mkdir(exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        signer = release_signer(self.place, self.settings)
        publish([folder / name for name in contents], place=self.place, signer=signer, now_s=int(time.time()))

    def log(self, leaves: list[Leaf]) -> None:
        signer = log_signer(self.place, self.settings)
        log = RoundLog(self.place.log, verifier=signer.verifier, signer=signer)
        for leaf in leaves:
            log.append(leaf)


@pytest.fixture
def coordinator(tmp_path: Path) -> Coordinator:
    settings = small_settings(distribution=free_port())
    return Coordinator(place=made(tmp_path / "s", settings), settings=settings)


@pytest.fixture
def profile(folder: Path) -> Iterator[Profile]:
    """Unlocked, with both consents that joining asks for."""
    with open_profile(folder) as opened:
        for purpose in (Purpose.LISTENING, Purpose.ROUNDS):
            opened.consents.decide(purpose, granted=True, at_s=int(time.time()))
        yield opened


@pytest.fixture
def joining(profile: Profile) -> Callable[[Invitation], Member]:
    def act(invitation: Invitation) -> Member:
        consents = profile.consents
        return join(profile, invitation, listening=consents.listening(), rounds=consents.rounds(), now_s=time.time())

    return act
