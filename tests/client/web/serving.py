"""The page as a listener has it: the real command in a process of its own, and an export to import."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from client.recommend.release_file import open_release

_SERVE = "from client.cli import main; main()"
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Serving:
    """origin: without a slash at its end; link: opens the page once."""

    origin: str
    link: str
    folder: Path
    process: subprocess.Popen[str]

    def another_link(self) -> str:
        """As `serve --link` prints it."""
        command = ["serve", "--link", "--port", self.origin.rpartition(":")[2], "--dir", self.folder]
        ran = subprocess.run([sys.executable, "-c", _SERVE, *command], capture_output=True, text=True, check=True)
        return ran.stdout.strip()


@contextmanager
def serving(folder: Path, *, port: int) -> Iterator[Serving]:
    """Until the context ends, which stops it as systemd does."""
    command = [sys.executable, "-c", _SERVE, "serve", "--dir", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        assert first.startswith("Open http://127.0.0.1:"), first
        link = first.removeprefix("Open ").strip()
        yield Serving(link.partition("/enter")[0], link, folder, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        process.stdout.close()


def write_simulated_export(path: Path, *, plays: int, now_s: float | None = None) -> None:
    """Real songs of the release, SIMULATED plays of them, in ListenBrainz' older form: a favourite few, and chance."""
    tracks = open_release(None).tracks
    generator = np.random.default_rng(5)
    favourites = generator.choice(len(tracks), 40, replace=False)
    start_s = int(time.time() if now_s is None else now_s) - 200 * _DAY_S
    rows = []
    for number in range(plays):
        often = generator.random() < 0.7
        index = int(generator.choice(favourites) if often else generator.integers(len(tracks)))
        about = {"artist_name": tracks.artist_names[int(tracks.artist[index])], "track_name": tracks.titles[index]}
        rows.append({"listened_at": start_s + number * (200 * _DAY_S // (plays + 1)), "track_metadata": about})
    path.write_text(json.dumps(rows), encoding="utf-8")
