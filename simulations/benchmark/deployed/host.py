"""A coordinator and its devices on this computer, by their commands, and gone when the context ends."""

import os
import socket
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared_model.errors import SottovoceError

PASSPHRASE = "profiles for a benchmark"  # noqa: S105 - they are thrown away
STOP_S = 60.0


@dataclass(slots=True, kw_only=True)
class Host:
    """Everything lies below `root`, also what programs keep for their user."""

    root: Path
    running: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """For every command."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        return own | {
            "HOME": str(self.root / "home"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "SOTTOVOCE_PASSPHRASE": PASSPHRASE,
            "OMP_NUM_THREADS": "1",
        }

    def type(self, program: str, *words: object) -> None:
        """Raises SottovoceError, with what the command said, where it fails."""
        done = subprocess.run(self._command(program, words), env=self.environment, capture_output=True, text=True)  # noqa: S603 - our own words
        if done.returncode:
            raise SottovoceError(f"benchmark: sottovoce-{program} {words[0]} failed: {done.stderr.strip()}")

    def start(self, program: str, *words: object, log: str) -> None:
        """In the background, until the context ends."""
        with (self.root / log).open("wb") as output:
            self.running.append(
                subprocess.Popen(  # noqa: S603 - our own words
                    self._command(program, words),
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                )
            )

    def wait_for(self, what: Callable[[], bool], *, within_s: float) -> None:
        """Raises SottovoceError where it does not come, or where a command ends before."""
        ends = time.monotonic() + within_s
        while not what():
            ended = [process for process in self.running if process.poll() is not None]
            if ended or time.monotonic() > ends:
                logs = "\n".join(file.read_text(errors="replace")[-500:] for file in self.root.glob("*.log"))
                raise SottovoceError(f"benchmark: the federation did not come that far; its logs end with\n{logs}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End all that was started, devices first."""
        for process in reversed(self.running):
            process.terminate()
        for process in reversed(self.running):
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()

    def _command(self, program: str, words: Sequence[object]) -> list[str]:
        return [str(Path(sysconfig.get_path("scripts")) / f"sottovoce-{program}"), *map(str, words)]


@contextmanager
def host(root: Path) -> Iterator[Host]:
    """Whatever happens, nothing is left running."""
    made = Host(root=root)
    try:
        yield made
    finally:
        made.stop()


def free_port() -> int:
    """On loopback, for now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
