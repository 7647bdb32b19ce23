"""Flower's SuperNode as a process of this device: it carries messages to and from the server, and runs nothing.

`flower-supernode` in process isolation: what it receives it hands, unopened (`client.node.supernode_process`), to
whoever knows the shared secret, which is the executor of this installation.
"""

import ctypes
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared_model.errors import SottovoceError

log = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
"""Doubling from the one to the other while it does not stay up."""
STEADY_S = 60.0
STOP_S = 10.0
KEPT = ("HOME", "LANG", "LC_ALL", "TMPDIR", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
"""Of our environment; a passphrase may be in the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """superlink: host:port; authority: file of the certificate that vouches for it; node_key: this node's private key
    (P-384), whose public half the server registered; home: folder for what Flower keeps, which holds nothing of the
    listener and no key.
    """

    superlink: str
    authority: Path
    node_key: EllipticCurvePrivateKey = field(repr=False)
    home: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeApi:
    """Where the executor finds the SuperNode. address: host:port on this device; secret: file of 32 random bytes."""

    address: str
    secret: Path


def runtime_api(enrolled: Enrolled) -> RuntimeApi:
    """A free port and a new secret, for one life of this process."""
    enrolled.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = enrolled.home / "executor.secret"
    secret.unlink(missing_ok=True)
    with os.fdopen(os.open(secret, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(secrets.token_bytes(32))
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return RuntimeApi(address=f"{LOOPBACK}:{probe.getsockname()[1]}", secret=secret)


def supervise(enrolled: Enrolled, api: RuntimeApi, *, stop: threading.Event, died: Callable[[int], None]) -> None:
    """Keep a SuperNode running until `stop`, with growing pauses where it ends by itself; `died` is told its code.

    To be called in a thread that lives as long as the node: on Linux the kernel ends the SuperNode with that thread.
    Raises SottovoceError where it cannot be started at all.
    """
    wait_s = FIRST_WAIT_S
    while not stop.is_set():
        process = _start(enrolled, api)
        ended = _watch(process, stop)
        if ended is None:
            return
        code, lived_s = ended
        log.warning("node.supernode_ended code=%d", code)
        died(code)
        wait_s = FIRST_WAIT_S if lived_s > STEADY_S else min(LONGEST_WAIT_S, 2 * wait_s)
        stop.wait(wait_s)


def _watch(process: "subprocess.Popen[bytes]", stop: threading.Event) -> tuple[int, float] | None:
    """Its exit code and how long it lived, or None where it was stopped."""
    lived_s = 0.0
    try:
        while not stop.wait(0.5):
            lived_s += 0.5
            if process.poll() is not None:
                return process.returncode, lived_s
        return None
    finally:
        _end(process)


def command(enrolled: Enrolled, api: RuntimeApi, key: int) -> list[str]:
    """How it is started. key: the descriptor that it reads its node key from."""
    return [
        *(sys.executable, "-m", "client.node.supernode_process"),
        *("--superlink", enrolled.superlink, "--root-certificates", str(enrolled.authority)),
        *("--auth-supernode-private-key", f"/dev/fd/{key}"),
        *("--isolation", "process", "--superexec-auth-secret-file", str(api.secret)),
        *("--host", LOOPBACK, "--port", api.address.rpartition(":")[2]),
    ]


def _start(enrolled: Enrolled, api: RuntimeApi) -> "subprocess.Popen[bytes]":
    key = _key_to_read(enrolled.node_key)
    try:
        with (enrolled.home / "supernode.log").open("wb") as output:
            return subprocess.Popen(  # noqa: S603 - our own words
                command(enrolled, api, key),
                env=environment(enrolled.home),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(key,),
                start_new_session=True,  # Ctrl-C is ours to pass on
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
    except OSError as error:
        raise SottovoceError(f"node: the SuperNode does not start ({error.strerror}); see {enrolled.home}") from error
    finally:
        os.close(key)


def _key_to_read(key: EllipticCurvePrivateKey) -> int:
    """A pipe with the key in it, for one reader: it never lies on disk unwrapped."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as file:  # a few hundred bytes, which every pipe holds
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    return reader


def environment(home: Path) -> dict[str, str]:
    """For Flower's program: nothing is reported, looked up or installed."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {
        "PATH": sysconfig.get_path("scripts") + os.pathsep + os.defpath,
        "FLWR_HOME": str(home / "flower"),
        "FLWR_TELEMETRY_ENABLED": "0",
        "FLWR_DISABLE_UPDATE_CHECK": "1",
        "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
        "OMP_NUM_THREADS": "1",
    }


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end_with_parent() -> None:
    """Ask Linux for it: a node that was killed leaves no SuperNode behind that would take messages and wait."""
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM, 0, 0, 0)
