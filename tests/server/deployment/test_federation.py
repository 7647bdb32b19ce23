"""Real processes on this computer, in the order of the file: one federation, and what happens to it."""

import http.client
import signal
import ssl
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from server.deployment import runs
from server.deployment.deployment import halt, resume
from server.deployment.let_in import let_in
from server.deployment.nodes import read_nodes
from server.deployment.runs import run_status
from shared_model.auditing.verify import verify_round_log
from shared_model.books.entries import Debit
from shared_model.books.round_log import Intent, Outcome, Result
from shared_model.bundle import write_bundle_source
from tests.client.conftest import PASSPHRASE
from tests.server.deployment.federation import Federation, plan, processes_of

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.enable_socket]
ROUND_S = 15.0


@pytest.fixture(scope="module")
def federation() -> Iterator[Federation]:
    """Three devices, and a fourth that did not agree to rounds; two answers are enough."""
    with tempfile.TemporaryDirectory(prefix="s-") as name, pytest.MonkeyPatch.context() as patch:
        root = Path(name)
        for kind in ("STATE", "CACHE", "DATA", "CONFIG"):
            patch.setenv(f"XDG_{kind}_HOME", str(root / "home" / kind))
        patch.setenv("HOME", str(root / "home"))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        patch.setenv("SOTTOVOCE_PASSPHRASE", PASSPHRASE)
        patch.setenv("OMP_NUM_THREADS", "1")
        privacy = plan(population=4, cohort=4, minimum_cohort=2, rounds=40, noise_multiplier=6.0, max_participations=99)
        made = Federation.begin(root / "s", privacy, round_s=ROUND_S)
        try:
            for rounds in (True, True, True, False):
                made.enrol(rounds=rounds)
            for device in made.devices:
                device.start()
            made.run()
            yield made
        finally:
            made.end()
        made.wait_for(lambda: processes_of(made.place.home) == [], 20)
        assert [processes_of(device.folder / "flower") for device in made.devices] == [[]] * 4


def outcomes(federation: Federation) -> dict[int, Result]:
    return {leaf.round: leaf.result for leaf in federation.leaves() if isinstance(leaf, Outcome)}


def rounds_of(federation: Federation, device: int) -> list[int]:
    return [entry.round for entry in federation.devices[device].entries() if isinstance(entry, Debit)]


def test_rounds_finish_and_the_one_that_did_not_agree_has_no_part_in_them(federation: Federation) -> None:
    state = federation.wait_for_round(2, 90)
    assert [(record.invited, record.answered, record.declined) for record in state.records[:2]] == [(4, 3, 1)] * 2
    assert [outcomes(federation)[number] for number in (1, 2)] == [Result.RELEASED] * 2
    assert federation.devices[3].log().count("round.declined reason=consent: 'May this device take part") >= 2
    assert "round.answered" not in federation.devices[3].log()


def test_nobody_from_elsewhere_starts_a_run_or_registers_a_node(federation: Federation) -> None:
    def status(path: str, **headers: str) -> int:
        trusted = ssl.create_default_context(cafile=str(federation.place.authority))
        connection = http.client.HTTPSConnection("127.0.0.1", federation.place.port, timeout=10, context=trusted)
        connection.request("POST", path, headers=headers)  # uvicorn takes a proxy of this host at its word
        try:
            return connection.getresponse().status
        finally:
            connection.close()

    elsewhere = {"X-Forwarded-For": "203.0.113.9"}
    closed = ("control/start-run", "control/register-node", "runtime/acquire-task", "fleet/register-node")
    assert [status(f"/v1/{path}", **elsewhere) for path in closed] == [403] * 4
    assert status("/v1/fleet/pull-messages", **elsewhere) != 403
    assert status("/v1/control/start-run") != 403


def test_a_device_killed_while_it_trains_is_debited_once_and_the_round_ends_at_its_deadline(
    federation: Federation,
) -> None:
    device = federation.devices[0]
    device.pause.touch()
    federation.wait_for(device.pause.with_suffix(".reached").exists)
    began = time.monotonic()
    device.kill(signal.SIGKILL)
    killed_in = rounds_of(federation, 0)
    federation.wait_for(lambda: processes_of(device.folder / "flower") == [], 10)  # its SuperNode went with it
    device.pause.unlink()
    state = federation.wait_for_round(killed_in[-1], ROUND_S + 10)
    assert time.monotonic() - began < ROUND_S + 3
    assert [record.answered for record in state.records if record.round == killed_in[-1]] == [2]
    device.start()
    federation.wait_for(lambda: any(record.answered == 3 for record in _after(federation, killed_in[-1])), 60)
    assert killed_in == sorted(set(killed_in))


def _after(federation: Federation, number: int):
    state = federation.state()
    return [record for record in state.records if record.round > number] if state else []


def test_a_superlink_that_was_killed_goes_on_after_the_last_round_and_the_broken_one_is_aborted(
    federation: Federation,
) -> None:
    device = federation.devices[1]
    device.pause.with_suffix(".reached").unlink(missing_ok=True)
    device.pause.touch()
    federation.wait_for(device.pause.with_suffix(".reached").exists)
    assert federation.superlink is not None
    federation.superlink.kill()
    federation.superlink.wait()
    last = federation.leaves()[-1]
    assert isinstance(last, Intent)
    device.kill(signal.SIGKILL)
    device.pause.unlink()
    federation.start_superlink()
    federation.run()
    device.start()
    federation.wait_for_round(last.round + 2, 120)
    assert outcomes(federation)[last.round] is Result.ABORTED
    # Flower lets a killed node in again after up to a minute, and its SuperNode waits longer after each refusal
    federation.wait_for(lambda: any(record.answered == 3 for record in _after(federation, last.round)), 180)
    numbers = [leaf.round for leaf in federation.leaves() if isinstance(leaf, Intent)]
    assert all(after == before + 1 for before, after in pairwise(numbers))


def test_a_list_of_nodes_that_was_lost_is_found_again_in_flowers(federation: Federation) -> None:
    before = read_nodes(federation.training, population=4)
    (federation.training / "let-in.json").unlink()
    keys = {device.number + 1: (device.folder / "node.pub").read_bytes() for device in federation.devices}
    let_in(federation.place, federation.training, keys)
    assert read_nodes(federation.training, population=4) == before


def test_a_changed_bundle_is_refused_by_every_device(federation: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    halt(federation.training)
    federation.wait_for(lambda: isinstance(federation.leaves()[-1], Outcome), ROUND_S + 5)
    time.sleep(2)

    def changed(folder: Path) -> None:
        write_bundle_source(folder)
        with (folder / "client" / "app.py").open("a") as file:
            file.write("\n# one more line\n")

    monkeypatch.setattr(runs, "write_bundle_source", changed)
    before = federation.state()
    assert before is not None
    resume(federation.training)
    run = federation.run()
    federation.wait_for(lambda: all("node.bundle_refused" in device.log() for device in federation.devices), 60)
    state = federation.wait_for_round(before.round + 1, ROUND_S + 10)
    halt(federation.training)
    assert state.records[before.round].answered == 0
    assert outcomes(federation)[before.round + 1] is Result.ABORTED
    federation.wait_for(lambda: run_status(federation.place, run).startswith("finished"), 30)


def test_the_books_agree_when_all_is_over(federation: Federation) -> None:
    for device in federation.devices:
        device.kill(signal.SIGTERM)
    found = verify_round_log(federation.root / "log", key=federation.deployment.signer().verifier)
    assert found.ok, found.findings
    announced = {leaf.round for leaf in federation.leaves() if isinstance(leaf, Intent)}
    for number in (0, 1, 2):
        debited = rounds_of(federation, number)
        assert debited == sorted(set(debited))
        assert set(debited) <= announced
    assert federation.devices[3].kinds() == ["Opened", "Joined"]
