"""A real coordinator on loopback for tests: made in a folder, served in this process or in one of its own."""

import datetime
import socket
from pathlib import Path

from server.beginning import begin_coordinator
from server.place import Place
from server.registry.database import open_registry
from server.registry.inviting import invite
from server.registry.registry import Registry
from server.settings import Settings, settings_from
from shared_model.wire.invitation import Invitation

NOW = datetime.datetime.now(datetime.UTC)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def small_settings(*changes: str, distribution: int = 9443) -> Settings:
    return settings_from(
        ("federation=forelle", f"ports.distribution={distribution}", "plan.rounds=5", *changes), hosts=()
    )


def made(root: Path, settings: Settings, *, now: datetime.datetime = NOW) -> Place:
    return begin_coordinator(root, settings, now=now)


def registry_of(place: Place) -> Registry:
    return Registry(open_registry(place.registry))


def invited(
    place: Place, settings: Settings, label: str = "phone", *, now_s: int | None = None, life_s: int = 3600
) -> Invitation:
    at_s = int(NOW.timestamp()) if now_s is None else now_s
    return invite(label, place=place, settings=settings, registry=registry_of(place), now_s=at_s, life_s=life_s)
