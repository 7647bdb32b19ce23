"""A real Secret Service: a session bus and GNOME's keyring, in folders of their own."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection

from tests.client.conftest import installed

_BUS = DBusAddress("/org/freedesktop/DBus", bus_name="org.freedesktop.DBus", interface="org.freedesktop.DBus")
_PATIENCE_S = 30
# without folders of services, so that nothing starts another keyring of itself
_CONFIGURATION = """<busconfig>
 <type>session</type>
 <listen>{address}</listen>
 <policy context="default">
  <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
 </policy>
</busconfig>
"""


@dataclass(slots=True)
class Session:
    """A listener's desktop session. root: of all its folders."""

    root: Path
    _keyring: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def environment(self) -> dict[str, str]:
        """Of every program in it: no passphrase is set, and python-keyring finds the keyring by itself."""
        folders = {f"XDG_{name}_HOME": str(self.root / name.lower()) for name in ("STATE", "CACHE", "DATA", "CONFIG")}
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "OMP_NUM_THREADS": "1",
            "DBUS_SESSION_BUS_ADDRESS": self.bus,
            "XDG_RUNTIME_DIR": str(self.root / "runtime"),
            **folders,
        }

    @property
    def bus(self) -> str:
        """Address of its bus."""
        return f"unix:path={self.root}/bus"

    @property
    def profile(self) -> Path:
        """Where the profile is."""
        return self.root / "profile"

    def start_keyring(self, *, unlocked: bool = True) -> None:
        """Unlocked as a login with a password does it, or locked as one without leaves it."""
        self._keyring = subprocess.Popen(
            ["gnome-keyring-daemon", *(["--unlock"] if unlocked else []), "--components=secrets", "--foreground"],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self._keyring.stdin is not None
        self._keyring.stdin.write(b"login password")
        self._keyring.stdin.close()
        self._wait(there=True)

    def stop_keyring(self) -> None:
        """As after a logout."""
        if self._keyring is not None:
            self._keyring.terminate()
            self._keyring.wait()
            self._keyring = None
            self._wait(there=False)

    def lose_keyring(self) -> None:
        """Another, empty one takes its place."""
        self.stop_keyring()
        shutil.rmtree(self.root / "data" / "keyrings")
        self.start_keyring()

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """The command line, without a terminal."""
        return self.python("from client.cli import main; main()", *arguments, "--dir", str(self.profile), **environment)

    def python(self, code: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """A program in this session."""
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=Path(__file__).parents[3],
        )

    def _wait(self, *, there: bool) -> None:
        until = time.monotonic() + _PATIENCE_S
        asked = new_method_call(_BUS, "NameHasOwner", "s", ("org.freedesktop.secrets",))
        while time.monotonic() < until:
            with contextlib.suppress(OSError), open_dbus_connection(self.bus) as connection:
                if connection.send_and_get_reply(asked).body[0] == there:
                    return
            time.sleep(0.02)
        pytest.fail("the keyring does not come and go as it was told to")


@pytest.fixture
def session() -> Iterator[Session]:
    """With a bus and an empty keyring."""
    for program in ("dbus-daemon", "gnome-keyring-daemon"):
        installed(program)
    root = Path(tempfile.mkdtemp(prefix="sv-"))  # pytest's own is too long for a socket's path
    made = Session(root)
    for name in ("runtime", "data", "config", "state", "cache"):
        (root / name).mkdir(mode=0o700)
    (root / "bus.conf").write_text(_CONFIGURATION.format(address=made.bus))
    bus = subprocess.Popen(
        ["dbus-daemon", f"--config-file={root / 'bus.conf'}", "--nofork"],
        env=made.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        made.start_keyring()
        yield made
    finally:
        with contextlib.suppress(OSError):
            made.stop_keyring()
        bus.terminate()
        bus.wait()
        shutil.rmtree(root)
