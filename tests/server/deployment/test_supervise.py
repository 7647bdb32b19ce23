"""What keeps a federation going, with a real SuperLink that is killed, and no device that comes."""

import os
import signal
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.deployment.deployment import halt
from server.deployment.nodes import read_nodes
from server.deployment.supervise import is_running, keep_running, rounds_left
from server.registry.database import create_registry
from shared_model.errors import BadInput
from shared_model.wire.node_key import new_node_key
from tests.server.deployment.federation import Federation, free_port, plan, processes_of

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def superlinks(federation: Federation) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"FLWR_HOME={federation.place.home}".encode() in (process / "environ").read_bytes():
                said = (process / "cmdline").read_text()
                found += [int(process.name)] if "superlink_process" in said else []
        except OSError:  # it ended meanwhile
            continue
    return found


def until(condition, within_s: float = 300.0) -> None:
    ends = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.2)


def test_a_killed_superlink_and_its_run_are_started_again_and_nothing_is_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with tempfile.TemporaryDirectory(prefix="s-") as name:
        federation = Federation.begin(Path(name) / "s", plan(), start=False)
        place = type(federation.place)(
            home=federation.place.home,
            certificate=federation.place.certificate,
            key=federation.place.key,
            authority=federation.place.authority,
            port=free_port(),
        )
        keys = {2: new_node_key().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)}
        stop, registry = threading.Event(), Path(name) / "registry.db"
        engine = create_registry(registry)

        def registered() -> dict[int, bytes]:
            with engine.connect() as connection:
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").one()
            return keys

        kept = threading.Thread(
            target=keep_running, args=(place, federation.training, registered), kwargs={"stop": stop}
        )
        kept.start()
        try:
            until(lambda: is_running(federation.training))
            assert list(read_nodes(federation.training, population=3)) == [2]
            (before,) = superlinks(federation)
            os.kill(before, signal.SIGKILL)
            until(lambda: superlinks(federation) not in ([], [before]))
            until(lambda: not is_running(federation.training))
            until(lambda: is_running(federation.training))
            with closing(sqlite3.connect(registry, isolation_level=None)) as other:
                other.execute("PRAGMA locking_mode = EXCLUSIVE")
                other.execute("BEGIN EXCLUSIVE")
                (alive,) = superlinks(federation)
                until(lambda: "federation.waits reason=OperationalError" in caplog.text)
                assert superlinks(federation) == [alive]  # a registry that is locked ends no round
                assert is_running(federation.training)
            keys.clear()
            until(lambda: read_nodes(federation.training, population=3) == {})
            halt(federation.training)
            until(lambda: not is_running(federation.training))
        finally:
            stop.set()
            kept.join(120)
        assert not kept.is_alive()
        until(lambda: processes_of(place.home) == [])
        assert rounds_left(federation.training) == 3


def test_a_deployment_that_cannot_be_read_is_a_sentence_at_once(tmp_path: Path) -> None:
    federation = Federation.begin(tmp_path / "s", plan(), start=False)
    (federation.training / "deployment.json").unlink()
    with pytest.raises(BadInput, match="restore it"):
        keep_running(federation.place, federation.training, dict, stop=threading.Event())
