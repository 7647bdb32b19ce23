"""What the device's main jobs cost, measured on a real encrypted profile."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from client.beginning import begin_profile
from client.consent.purpose import Purpose
from client.profile import open_profile
from client.settings import change_setting
from shared_model.books.entries import Opened
from simulations.auditing.gates import Watched
from simulations.benchmark.device.exports import write_export
from simulations.benchmark.device.large_release import write_large_release

TRACKS, LISTENS, PLAYS = 100_000, 1_000_000, 7_000
IMPORTED_TRACKS = 30_000
_PASSPHRASE = "a profile for a benchmark"  # noqa: S105 - it is thrown away


def cost_of_a_device(watched: Watched) -> dict[str, dict[str, float]]:
    """What importing a million plays, the page over them, recommending over 100,000 tracks and the endpoint for players
    cost."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        environment = {
            **os.environ,
            "SOTTOVOCE_PASSPHRASE": _PASSPHRASE,
            "XDG_STATE_HOME": str(folder / "state"),
            "OMP_NUM_THREADS": "1",
        }
        os.environ.update(environment)
        found = {}
        for name, plays, tracks, prepare in (
            ("import", LISTENS, IMPORTED_TRACKS, _begin),
            ("recommend", PLAYS, TRACKS, _begin_with_release),
        ):
            place = folder / name
            place.mkdir()
            with watched(f"device: {name}") as advance:
                write_export(place / "export.json", plays=plays, tracks=tracks)
                prepare(place)
                advance(0.4)
                if name == "recommend":
                    _child("import", place)
                found[name] = _child(name, place)
                if name == "import":
                    found["pages"] = _child("pages", place)
        place = folder / "scrobble"
        place.mkdir()
        with watched("device: scrobble"):
            _begin(place)
            found["scrobble"] = _child("scrobble", place)
    return found


def _begin(place: Path) -> None:
    begin_profile(
        place / "profile",
        passphrase=_PASSPHRASE,
        budget=Opened(device_cap=None, delta=1e-6, max_participations=1),
    )
    with open_profile(place / "profile") as profile:
        profile.consents.decide(Purpose.LISTENING, granted=True, at_s=0)


def _begin_with_release(place: Path) -> None:
    _begin(place)
    write_large_release(place / "release.safetensors", tracks=TRACKS)
    change_setting(place / "profile" / "settings.toml", "release", f'"{place / "release.safetensors"}"')


def _child(what: str, place: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "simulations.benchmark.device.child", what, str(place)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - ourselves
    found: dict[str, float] = json.loads(told)
    return found
