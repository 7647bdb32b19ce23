import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import sys, time
from pathlib import Path
from server.deployment import superlink
superlink.command = lambda _: [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"]
superlink.answers = lambda _: True
home = Path(sys.argv[1])
place = superlink.SuperLinkPlace(home=home, certificate=home, key=home, authority=home, port=1)
superlink.start_superlink(place)
time.sleep(600)
"""


@pytest.mark.integration
@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2)")
def test_it_does_not_outlive_a_coordinator_that_was_killed(tmp_path: Path) -> None:
    log = tmp_path / "superlink.log"
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)]) as coordinator:
        while not (log.exists() and log.read_text().endswith("\n")):
            assert coordinator.poll() is None
            time.sleep(0.05)
        coordinator.send_signal(signal.SIGKILL)
    child, ends = Path(f"/proc/{log.read_text().strip()}"), time.monotonic() + 60
    while child.exists() and "zombie" not in (child / "status").read_text():
        assert time.monotonic() < ends
        time.sleep(0.05)
