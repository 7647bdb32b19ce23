import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
from flwr.supernode import start_client_internal

from client.node import supernode, supernode_process
from client.node.supernode import Enrolled, RuntimeApi, environment, supervise
from shared_model.wire.node_key import new_node_key


@pytest.fixture
def enrolled(tmp_path: Path) -> Enrolled:
    (tmp_path / "home").mkdir()
    return Enrolled(superlink="127.0.0.1:1", authority=tmp_path / "ca", node_key=new_node_key(), home=tmp_path / "home")


@pytest.fixture
def api(tmp_path: Path) -> RuntimeApi:
    return RuntimeApi(address="127.0.0.1:2", secret=tmp_path / "secret")


def test_one_that_ends_is_started_again_after_growing_pauses_and_stopped_for_good(
    enrolled: Enrolled, api: RuntimeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supernode, "command", lambda *_: [sys.executable, "-c", "raise SystemExit(49)"])
    monkeypatch.setattr(supernode, "FIRST_WAIT_S", 0.05)
    stop, codes, waited = threading.Event(), [], []

    def died(code: int) -> None:
        codes.append(code)
        waited.append(time.monotonic())
        if len(codes) == 4:
            stop.set()

    supervise(enrolled, api, stop=stop, died=died)
    assert codes == [49] * 4
    pauses = [after - before for before, after in pairwise(waited)]
    assert pauses[2] > pauses[0]


def test_stopping_ends_it(enrolled: Enrolled, api: RuntimeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    )
    monkeypatch.setattr(supernode, "command", lambda *_: [sys.executable, "-c", stubborn])
    monkeypatch.setattr(supernode, "STOP_S", 0.3)
    stop, log = threading.Event(), enrolled.home / "supernode.log"
    kept = threading.Thread(target=supervise, args=(enrolled, api), kwargs={"stop": stop, "died": lambda _: None})
    kept.start()
    ends = time.monotonic() + 20
    while not (log.exists() and log.read_text()) and time.monotonic() < ends:
        time.sleep(0.05)
    stop.set()
    kept.join(10)
    assert not kept.is_alive()


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2)")
def test_it_does_not_outlive_a_node_that_was_killed(enrolled: Enrolled) -> None:
    script = f"""
import sys, threading
from pathlib import Path
from flwr.supernode import start_client_internal

from client.node import supernode, supernode_process
from shared_model.wire.node_key import new_node_key as key
supernode.command = lambda *_: [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]
enrolled = supernode.Enrolled(superlink="", authority=Path(), node_key=key(), home=Path({str(enrolled.home)!r}))
api = supernode.RuntimeApi(address="127.0.0.1:2", secret=Path())
supernode.supervise(enrolled, api, stop=threading.Event(), died=lambda _: None)
"""
    log = enrolled.home / "supernode.log"
    with subprocess.Popen([sys.executable, "-c", script]) as node:
        while not (log.exists() and log.read_text().endswith("\n")):
            assert node.poll() is None
            time.sleep(0.05)
        node.send_signal(signal.SIGKILL)
    child = Path(f"/proc/{log.read_text().strip()}")
    ends = time.monotonic() + 5
    while child.exists() and "zombie" not in (child / "status").read_text() and time.monotonic() < ends:
        time.sleep(0.05)
    assert not child.exists() or "zombie" in (child / "status").read_text()


def test_flowers_program_is_told_no_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOTTOVOCE_PASSPHRASE", "forelle linde mond vogel")
    found = environment(tmp_path)
    assert "SOTTOVOCE_PASSPHRASE" not in found
    assert found["FLWR_TELEMETRY_ENABLED"] == "0"


def test_after_an_answer_the_next_message_is_asked_for_sooner_than_flower_does(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int | None] = [None, 7, None, None, 8, None, None, None]
    asked = []
    monkeypatch.setattr(
        start_client_internal, "_pull_and_store_message", lambda **given: asked.append(given) or found.pop(0)
    )
    monkeypatch.setattr(supernode_process, "SOON_S", 0.01)
    supernode_process.ask_soon_after_an_answer()
    pull = start_client_internal._pull_and_store_message
    assert pull(state=1) is None  # nothing has come yet: Flower waits its 3 s
    assert pull(state=1) == 7
    assert pull(state=1) == 8
    monkeypatch.setattr(supernode_process, "NEAR_S", 0.0)
    assert pull(state=1) is None
    monkeypatch.setattr(supernode_process, "NEAR_S", 60.0)
    assert pull(state=1) is None  # the last call brought none: no round is near
    assert (len(asked), found) == (7, [None])


@pytest.mark.integration
@pytest.mark.parametrize("how", ["return", "raise OSError('cut')"])
def test_a_supernode_that_has_given_up_ends_although_its_own_api_still_runs(how: str) -> None:
    script = f"""
import socket, sys
from importlib import import_module
def start(**_):
    {how}
import_module("flwr.supernode.cli.flower_supernode").start_client_internal = start
from client.node.supernode_process import main
with socket.create_server(("127.0.0.1", 0)) as probe:
    port = str(probe.getsockname()[1])
sys.argv[1:] = ["--insecure", "--superlink", "127.0.0.1:1", "--isolation", "process", "--port", port]
main()
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1


@pytest.mark.integration
def test_a_bundle_is_not_opened_by_the_supernode() -> None:
    """Flower's own function, with a bundle that is no archive: it is stored for the executor to refuse."""
    script = """
from types import SimpleNamespace as Some
import hashlib
HASH = hashlib.sha256(b'no archive').hexdigest()
from client.node.supernode_process import leave_bundles_closed
leave_bundles_closed()
from flwr.app.user_config import UserConfig
from flwr.supercore.fab import Fab
from flwr.supernode import start_client_internal as module
from flwr.supercore.object_store import ObjectStoreFactory
from flwr.supernode.nodestate import NodeStateFactory
from flwr.proto.message_pb2 import ObjectTree
factory = ObjectStoreFactory()
state = NodeStateFactory(objectstore_factory=factory).state()
state.set_node_id(1)
run = Some(run_id=7, fab_hash=HASH, series_id=3, override_config={"x": 1}, primary_task_type="flwr-serverapp")
metadata = Some(group_id="", run_id=7, message_type="train", message_id="m", reply_to_message_id="")
done = module._pull_and_store_message(
    state=state, object_store=factory.store(), node_config={},
    receive=lambda: (Some(metadata=metadata), ObjectTree(object_id="0" * 64)),
    get_run=lambda _: run, get_fab=lambda *_: Fab(HASH, b"no archive", {}), pull_object=lambda *_: b"",
    confirm_message_received=lambda *_: None, trusted_entities=None)
assert state.get_fab(HASH).content == b"no archive", done
print("stored")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("stored\n"), done.stderr
