"""A coordinator and its devices as they are typed: real processes, TLS, Flower's SuperLink and SuperNodes."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from shared_model.auditing.verify import verify_round_log
from tests.server.deployment.federation import free_port

EXPORT = Path("tests/fixtures/spotify/extended.zip").resolve()
LONGEST_S = 600.0
ENTRY = "import sys; from {module}.cli import main; sys.argv[0] = 'sottovoce'; main()"
pytestmark = [pytest.mark.integration, pytest.mark.slow]


class Host:
    """Commands of both sides with user folders of their own; everything that was started is ended."""

    def __init__(self, root: Path) -> None:
        self.root, self.running = root, []
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("XDG_")},
            "SOTTOVOCE_PASSPHRASE": "forelle linde mond vogel",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "XDG_STATE_HOME": str(root / "state"),
            "XDG_CACHE_HOME": str(root / "cache"),
            "OMP_NUM_THREADS": "1",
        }

    def _command(self, module, *words):
        return [sys.executable, "-c", ENTRY.format(module=module), *map(str, words)]

    def typed(self, module, *words, code=0):
        done = subprocess.run(
            self._command(module, *words), env=self.environment, capture_output=True, text=True, timeout=LONGEST_S
        )
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    def start(self, module, *words, log):
        with (self.root / log).open("wb") as output:
            process = subprocess.Popen(
                self._command(module, *words), env=self.environment, stdout=output, stderr=output
            )
        self.running.append(process)
        return process

    def stop(self):
        for process in reversed(self.running):
            process.send_signal(signal.SIGTERM)
        return [process.wait(LONGEST_S) for process in reversed(self.running)]


@pytest.fixture
def host(tmp_path):
    made = Host(tmp_path)
    yield made
    for process in made.running:
        if process.poll() is None:
            process.kill()
            process.wait()


def until(what):
    ends = time.monotonic() + LONGEST_S
    while not what():
        assert time.monotonic() < ends
        time.sleep(1)


def answers(address):
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - on loopback
            return answer.status == 200 and answer.read()
    except OSError:
        return None


def finished(health):
    said = answers(health)
    return json.loads(said)["round"] if said else 0


def test_a_coordinator_that_is_killed_once_and_three_devices_and_their_rounds_as_they_are_typed(host, tmp_path):
    coordinator, ports = tmp_path / "s", {name: free_port() for name in ("distribution", "superlink", "metrics")}
    plan = {"population": 4, "cohort": 3, "minimum_cohort": 3, "rounds": 3, "noise_multiplier": 6, "delta": 1e-3}
    changes = [f"plan.{name}={value}" for name, value in plan.items()]
    changes += ["plan.cohort=4", "rounds.pause_s=1", "rounds.deadline_s=60"]
    changes += [f"ports.{name}={port}" for name, port in ports.items()]
    host.typed("server", "init", coordinator, *(word for each in changes for word in ("--set", each)))
    first = host.start("server", "up", "--dir", coordinator, log="up.log")
    health = f"http://127.0.0.1:{ports['metrics']}/health"
    for number in range(4):
        device, invitation = tmp_path / f"c{number}", tmp_path / f"invitation{number}"
        invitation.write_text(host.typed("server", "invite", f"phone {number}", "--dir", coordinator))
        host.typed("client", "init", "--dir", device)
        host.typed("client", "consent", "grant", "listening", "--dir", device)
        if number == 3:
            refused = host.typed("client", "join", invitation, "--dir", device, code=3)
            assert "consent grant rounds" in refused
            continue
        host.typed("client", "consent", "grant", "rounds", "--dir", device)
        host.typed("client", "import", "spotify", EXPORT, "--dir", device)
        allowed = ("eligibility.assume=yes", "eligibility.suspend_cpu_usage=0", "eligibility.run_if_user_active=true")
        sets = [word for each in allowed for word in ("--set", each)]
        host.start("client", "join", invitation, "--dir", device, *sets, log=f"join{number}.log")
    until(lambda: finished(health) >= 1)
    first.kill()  # with all it started, wherever it is in the next round
    host.running.remove(first)
    first.wait()
    assert not answers(health)
    host.start("server", "up", "--dir", coordinator, log="up-again.log")
    until(lambda: finished(health) == 3)
    until(lambda: b"sottovoce_round 3" in (answers(health.replace("health", "metrics")) or b""))
    assert set(host.stop()) == {0}
    status = json.loads(host.typed("server", "status", "--dir", coordinator, "--json"))
    assert (status["round"], status["devices"], status["halted"]) == (3, 3, False)
    assert status["epsilon"] > 0
    assert all(finding.ok for finding in verify_round_log(coordinator / "log", key=None).findings)
    for number in range(4):
        budget = json.loads(host.typed("client", "budget", "--dir", tmp_path / f"c{number}", "--json"))
        assert (budget["participations"] > 0, budget["joined"]) == (number < 3, number < 3)
    titles = b"".join((tmp_path / log).read_bytes() for log in ("up.log", "up-again.log", "join0.log"))
    assert b"Schubert" not in titles
    assert not answers(health)


def test_a_halted_coordinator_says_so_and_goes_on(host, tmp_path):
    host.typed("server", "init", tmp_path / "s")
    host.typed("server", "halt", "--dir", tmp_path / "s")
    assert "halted" in host.typed("server", "status", "--dir", tmp_path / "s")
    host.typed("server", "resume", "--dir", tmp_path / "s")
    assert "halted" not in host.typed("server", "status", "--dir", tmp_path / "s")
