"""Flower's SuperLink as a process of this host, with a database on disk, TLS and registered nodes alone."""

import ctypes
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

from shared_model.errors import SottovoceError

START_S = 120.0
STOP_S = 10.0
POLL_S = 0.2
LOG = "superlink.log"
CONNECTION = "deployment"
"""What `flwr` calls it in the configuration below its home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuperLinkPlace:
    """home: folder for Flower's state and logs; certificate, key: the server's, in PEM, whose names include 127.0.0.1;
    authority: the certificate that vouches for it; host, port: where it listens, "0.0.0.0" for everybody.
    """

    home: Path
    certificate: Path
    key: Path
    authority: Path
    port: int
    host: str = "127.0.0.1"

    @property
    def local(self) -> str:
        """Address for programs of this host."""
        return f"127.0.0.1:{self.port}"


def start_superlink(place: SuperLinkPlace) -> "subprocess.Popen[bytes]":
    """Start it and return when it answers. It has a session of its own; `stop_superlink` ends all of it.

    To be called in a thread that lives as long: on Linux the kernel ends the SuperLink with that thread.
    Raises SottovoceError, with it ended, where it does not answer.
    """
    place.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (place.home / "config.toml").write_text(_connection(place), encoding="utf-8")
    with (place.home / LOG).open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own words
            command(place),
            env=environment(place),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
    ends = time.monotonic() + START_S
    while not answers(place):
        if process.poll() is not None or time.monotonic() > ends:
            stop_superlink(process)
            raise SottovoceError(f"server: Flower's SuperLink does not start; see {place.home / LOG}")
        time.sleep(POLL_S)
    return process


def command(place: SuperLinkPlace) -> list[str]:
    """How it is started."""
    return [
        *(sys.executable, "-m", "server.deployment.superlink_process"),
        *("--ssl-certfile", str(place.certificate), "--ssl-keyfile", str(place.key)),
        *("--ssl-ca-certfile", str(place.authority), "--database", str(place.home / "superlink.db")),
        *("--host", place.host, "--port", str(place.port)),
        *("--enable-supernode-auth", "--disable-runtime-dependency-installation"),
    ]


def stop_superlink(process: "subprocess.Popen[bytes]") -> None:
    """End it; what it started sees that and ends by itself."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(place: SuperLinkPlace) -> bool:
    """Whether its health endpoint does."""
    trusted = ssl.create_default_context(cafile=str(place.authority))
    connection = http.client.HTTPSConnection("127.0.0.1", place.port, timeout=2.0, context=trusted)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _connection(place: SuperLinkPlace) -> str:
    # a JSON string is a TOML string
    authority = json.dumps(str(place.authority.resolve()))
    return f'[superlink.{CONNECTION}]\naddress = "{place.local}"\nroot-certificates = {authority}\n'


def program(name: str) -> str:
    """Of this environment, whatever PATH says."""
    return str(Path(sysconfig.get_path("scripts")) / name)


def environment(place: SuperLinkPlace) -> dict[str, str]:
    """For Flower's programs: nothing is reported, looked up or installed, and state lies in `place.home`."""
    return os.environ | {
        "PATH": sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", ""),
        "FLWR_HOME": str(place.home),
        "FLWR_TELEMETRY_ENABLED": "0",
        "FLWR_DISABLE_UPDATE_CHECK": "1",
        "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
        "FLWR_SUPEREXEC_TASK_POLL_INTERVAL": "0.25",
        "NO_PROXY": "*",
        "no_proxy": "*",
        "OMP_NUM_THREADS": "1",
    }


def _end_with_parent() -> None:
    """Ask Linux for it: a coordinator that was killed leaves no SuperLink behind that would hold the port."""
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM, 0, 0, 0)
