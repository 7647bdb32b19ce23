"""One run of Flower with all of its processes, none of which outlives it.

    python -m simulations.engines.flower_session FOLDER DEVICES

runs the app in FOLDER/app with DEVICES simulated nodes by `flwr run`, against a SuperLink of its own, and ends when the
run has ended, or when its standard input is closed: that is how the process that started it stops it, and what happens
when that process is killed. Only in the latter two cases it removes FOLDER, which nobody waits for any more.

A SuperLink of its own, since the one that `flwr run` would start on a fixed port is shared with other runs, and stays.
"""

import ctypes
import http.client
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

LOG, SUPERLINK_LOG = "flower.log", "superlink.log"
START_S = 120.0
"""A SuperLink takes 3 s to answer where nothing else is going on."""
GRACE_S = 1.0
"""Enough for what writes files; Flower's simulation would go on trying to tell its SuperLink that it ends."""
KILL_S = 10.0
POLL_S = 0.2
LONGEST_RAY_FOLDER = 40
"""Ray makes sockets below its folder, with names of some 65 characters, and a socket's path has at most 107."""
CONFIG = """\
[superlink]
default = "simulation"

[superlink.simulation]
address = "{address}"
insecure = true
"""


def main(folder: Path, devices: int) -> int:
    """The exit code of `flwr run`, which is 0 for a failed run too, or 1 when there was none."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with _no_process_left():
        code = _run(folder, devices)
    if _is_closed(sys.stdin):
        shutil.rmtree(folder, ignore_errors=True)
    return code


def _is_closed(pipe: TextIO) -> bool:
    """Nothing is ever written to it, so that all there can be to read is its end."""
    return bool(select.select([pipe], [], [], 0)[0])


def _run(folder: Path, devices: int) -> int:
    address = f"127.0.0.1:{_free_port()}"
    (folder / "flower" / "config.toml").write_text(CONFIG.format(address=address), encoding="utf-8")
    environment = _environment(folder)
    host, _, port = address.partition(":")
    superlink = ["flower-superlink", "--insecure", "--simulation", "--host", host, "--port", port]
    resources = f"num-supernodes={devices} client-resources-num-cpus=1 client-resources-num-gpus=0.0"
    run = ["flwr", "run", str(folder / "app"), "simulation", "--stream", "--federation-config", resources]

    def start(command: list[str], log: str) -> "subprocess.Popen[bytes]":
        program = str(Path(sysconfig.get_path("scripts")) / command[0])
        with (folder / log).open("wb") as output:
            return subprocess.Popen(  # noqa: S603 - our own words
                [program, *command[1:]], env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    link = start(superlink, SUPERLINK_LOG)
    ends = time.monotonic() + START_S
    while not _answers(address):
        if _is_closed(sys.stdin) or link.poll() is not None or time.monotonic() > ends:
            return 1
        time.sleep(POLL_S)
    running = start(run, LOG)
    while running.poll() is None and link.poll() is None and not _is_closed(sys.stdin):
        time.sleep(POLL_S)
    code = running.poll()
    return 1 if code is None else code


def _environment(folder: Path) -> dict[str, str]:
    environment = os.environ | {
        "PATH": sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", ""),
        "FLWR_HOME": str(folder / "flower"),
        "FLWR_TELEMETRY_ENABLED": "0",
        "FLWR_DISABLE_UPDATE_CHECK": "1",
        "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "RAY_ADDRESS": "local",  # never a cluster that happens to run here
        "RAY_USAGE_STATS_ENABLED": "0",
        # a third of the CPU seconds until the first round: spare workers, and counters that nobody reads
        "RAY_enable_worker_prestart": "0",
        "RAY_prestart_worker_first_driver": "0",
        "RAY_enable_metrics_collection": "0",
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "torch"),
        "OMP_NUM_THREADS": "1",  # as many clients at once as there are processors
    }
    if len(str(folder / "ray")) <= LONGEST_RAY_FOLDER:
        environment["RAY_TMPDIR"] = str(folder / "ray")
    return environment


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(address: str) -> bool:
    connection = http.client.HTTPConnection(address, timeout=1.0)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def _no_process_left() -> Iterator[None]:
    """Ends every process that was started meanwhile, by whomever: SuperLink and Ray start theirs in new sessions."""
    if sys.platform == "linux":
        become_subreaper = 36  # PR_SET_CHILD_SUBREAPER of prctl(2): orphans below stay below
        ctypes.CDLL(None).prctl(become_subreaper, 1, 0, 0, 0)
    try:
        yield
    finally:
        _end(signal.SIGTERM, GRACE_S)
        _end(signal.SIGKILL, KILL_S)


def _end(how: signal.Signals, within_s: float) -> None:
    ends = time.monotonic() + within_s
    told: set[int] = set()
    while (left := _descendants()) and time.monotonic() < ends:
        for process in left - told:
            try:
                os.kill(process, how)
            except ProcessLookupError:
                continue
        told |= left
        time.sleep(POLL_S)


def _descendants() -> set[int]:
    """Living processes below this one; dead children are reaped, so that what they used is counted as ours."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return set()
    children: dict[int, list[int]] = {}
    for process, parent in _processes():
        children.setdefault(parent, []).append(process)
    found: set[int] = set()
    open_ends = [os.getpid()]
    while open_ends:
        for child in children.get(open_ends.pop(), []):
            found.add(child)
            open_ends.append(child)
    return found


def _processes() -> Iterator[tuple[int, int]]:
    """Numbers of each process and its parent."""
    if sys.platform != "linux":
        listed = subprocess.run(["/bin/ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        yield from ((int(process), int(parent)) for process, parent in map(str.split, listed.stdout.splitlines()))
        return
    for folder in Path("/proc").iterdir():  # a container need not have ps
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:  # it ended meanwhile
                continue
            yield int(folder.name), int(stat.rpartition(")")[2].split()[1])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
