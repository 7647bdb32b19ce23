"""Real processes on this computer, in the order of the file: one federation, and what happens to it."""

import http.client
import signal
import sqlite3
import ssl
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from client.eligibility.record import latest
from client.eligibility.verdict import Job
from client.profile import open_profile
from client.store.tables import personal_heads, recordings
from server.deployment import runs, superlink
from server.deployment.deployment import halt, is_halted, resume
from server.deployment.let_in import let_in
from server.deployment.nodes import read_nodes
from server.deployment.runs import run_status
from shared_model.auditing.verify import verify_round_log
from shared_model.books.entries import Debit
from shared_model.books.round_log import Intent, Outcome, Result
from shared_model.bundle import write_bundle_source
from tests.client.conftest import PASSPHRASE, everything_in
from tests.server.deployment.cut import Wire
from tests.server.deployment.federation import MOOD, Federation, plan, processes_of

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.enable_socket]
ROUND_S = 20.0
RECORDER = "tests.server.deployment.recording_superlink"


@pytest.fixture(scope="module")
def federation() -> Iterator[Federation]:
    """Three devices, and a fourth that did not agree to rounds; two answers are enough. The third has a wire that can
    be cut, and whatever nodes send is kept where TLS ends."""
    with tempfile.TemporaryDirectory(prefix="s-") as name, pytest.MonkeyPatch.context() as patch:
        root = Path(name)
        for kind in ("STATE", "CACHE", "DATA", "CONFIG"):
            patch.setenv(f"XDG_{kind}_HOME", str(root / "home" / kind))
        patch.setenv("HOME", str(root / "home"))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        patch.setenv("SOTTOVOCE_PASSPHRASE", PASSPHRASE)
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("SOTTOVOCE_RECORDING", str(root / "recording"))
        stock = superlink.command
        patch.setattr(superlink, "command", lambda place: [sys.executable, "-m", RECORDER, *stock(place)[3:]])
        privacy = plan(population=4, cohort=4, minimum_cohort=2, rounds=90, noise_multiplier=6.0, max_participations=99)
        made = Federation.begin(root / "s", privacy, round_s=ROUND_S)
        try:
            for rounds in (True, True, True, False):
                made.enrol(rounds=rounds)
            made.wire = Wire(made.place.port)
            made.devices[2].told["superlink"] = made.wire.address
            for device in made.devices:
                device.start()
            made.run()
            yield made
        finally:
            made.end()
        made.wait_for(lambda: processes_of(made.place.home) == [])
        assert [processes_of(device.folder / "flower") for device in made.devices] == [[]] * 4


def outcomes(federation: Federation) -> dict[int, Result]:
    return {leaf.round: leaf.result for leaf in federation.leaves() if isinstance(leaf, Outcome)}


def rounds_of(federation: Federation, device: int) -> list[int]:
    return [entry.round for entry in federation.devices[device].entries() if isinstance(entry, Debit)]


def after(federation: Federation, number: int):
    state = federation.state()
    return [record for record in state.records if record.round > number] if state else []


def all_answer_after(federation: Federation, number: int) -> None:
    # Flower lets a killed node in again after up to a minute, and its SuperNode waits longer after each refusal
    federation.wait_for(lambda: any(record.answered == 3 for record in after(federation, number)))


def reached(federation: Federation, moments: dict[int, str]) -> int:
    """Devices wait at their moments of one round, whose number this is."""
    for _ in range(5):  # on a machine that is very slow not all come to it within one round
        federation.rest()
        size = len(federation.leaves())
        for device, moment in moments.items():
            federation.devices[device].pause(moment)
        resume(federation.training)
        federation.run()
        federation.wait_for(lambda: all(federation.devices[device].has_reached_it() for device in moments))
        (first, *more) = [leaf.round for leaf in federation.leaves()[size:]]
        if not more:
            return first
        for device in moments:
            federation.devices[device].go_on()
    raise AssertionError(federation.logs())


def test_rounds_finish_and_the_one_that_did_not_agree_has_no_part_in_them(federation: Federation) -> None:
    federation.wait_for(lambda: sum(record.answered == 3 for record in after(federation, 0)) >= 2)
    full = [record for record in after(federation, 0) if record.answered == 3]
    assert {(record.invited, record.declined) for record in full} == {(4, 1)}
    assert {outcomes(federation)[record.round] for record in full} == {Result.RELEASED}
    assert max(record.answered for record in after(federation, 0)) == 3
    assert federation.devices[3].log().count("round.declined reason=consent: 'May this device take part") >= 2
    assert "round.answered" not in federation.devices[3].log()


def test_nobody_from_elsewhere_starts_a_run_or_registers_a_node(federation: Federation) -> None:
    def status(path: str, **headers: str) -> int:
        trusted = ssl.create_default_context(cafile=str(federation.place.authority))
        connection = http.client.HTTPSConnection("127.0.0.1", federation.place.port, timeout=60, context=trusted)
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


def test_one_slower_than_the_deadline_and_one_whose_network_is_cut_are_waited_for_no_longer_and_come_back(
    federation: Federation,
) -> None:
    slow, cut = federation.devices[1:3]
    number = reached(federation, {1: "during", 2: "after"})
    federation.wire.cut()
    cut.go_on()
    federation.wait_for_round(number)
    federation.rest()
    (record,) = [record for record in after(federation, number - 1) if record.round == number]
    assert record.answered <= 1  # half of the cohort is gone, which is below the minimum
    assert outcomes(federation)[number] is Result.ABORTED
    answered = slow.log().count("round.answered")
    slow.go_on()
    federation.wait_for(lambda: slow.log().count("round.answered") > answered)  # too late
    federation.wire.mend()
    resume(federation.training)
    federation.run()
    all_answer_after(federation, number)
    assert outcomes(federation)[number] is Result.ABORTED
    (record,) = [record for record in after(federation, number - 1) if record.round == number]
    assert record.answered <= 1


def test_devices_killed_before_during_and_after_training_and_then_the_server_go_on_with_the_same_books(
    federation: Federation,
) -> None:
    number = reached(federation, {0: "before", 1: "during", 2: "after"})
    before = (federation.root / "log" / "leaves.jsonl").read_bytes()
    finished = federation.state()
    for device in federation.devices[:3]:
        device.kill(signal.SIGKILL)
    assert federation.superlink is not None
    federation.superlink.kill()
    federation.superlink.wait()
    debited = [rounds_of(federation, device) for device in range(3)]
    assert [number in each for each in debited] == [False, True, True]
    for device in federation.devices[:3]:  # their SuperNodes went with them
        federation.wait_for(lambda: processes_of(device.folder / "flower") == [])  # noqa: B023 - called at once
        device.go_on()
    declined = federation.devices[3].log().count("round.declined")
    federation.start_superlink()
    federation.run()
    for device in federation.devices[:3]:
        device.start()
    federation.wait_for(lambda: number in outcomes(federation))
    assert outcomes(federation)[number] is Result.ABORTED
    all_answer_after(federation, number)
    assert (federation.root / "log" / "leaves.jsonl").read_bytes().startswith(before)
    state = federation.state()
    assert finished is not None
    assert state is not None
    assert state.records[: finished.round] == finished.records
    numbers = [leaf.round for leaf in federation.leaves() if isinstance(leaf, Intent)]
    assert all(after == before + 1 for before, after in pairwise(numbers))
    federation.wait_for(lambda: federation.devices[3].log().count("round.declined") > declined)  # it reconnected


def test_a_list_of_nodes_that_was_lost_or_damaged_is_found_again_in_flowers(federation: Federation) -> None:
    before = read_nodes(federation.training, population=4)
    keys = {device.number + 1: (device.folder / "node.pub").read_bytes() for device in federation.devices}
    (federation.training / "let-in.json").unlink()
    let_in(federation.place, federation.training, keys)
    (federation.training / "let-in.json").write_bytes(b"{")
    let_in(federation.place, federation.training, keys)
    assert read_nodes(federation.training, population=4) == before


def test_a_changed_bundle_is_refused_by_every_device(federation: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    federation.rest()

    def changed(folder: Path) -> None:
        write_bundle_source(folder)
        with (folder / "client" / "app.py").open("a") as file:
            file.write("\n# one more line\n")

    monkeypatch.setattr(runs, "write_bundle_source", changed)
    before = federation.state()
    assert before is not None
    resume(federation.training)
    run = federation.run()
    federation.wait_for(lambda: all("node.bundle_refused" in device.log() for device in federation.devices))
    federation.wait_for_round(before.round + 1)
    halt(federation.training)
    federation.wait_for(lambda: run_status(federation.place, run).startswith("finished"))
    assert {record.answered for record in after(federation, before.round)} == {0}
    assert {outcomes(federation)[record.round] for record in after(federation, before.round)} == {Result.ABORTED}


def test_the_books_agree_when_all_is_over(federation: Federation) -> None:
    federation.end()
    assert is_halted(federation.training)
    found = verify_round_log(federation.root / "log", key=federation.deployment.signer().verifier)
    assert found.ok, found.findings
    announced = {leaf.round for leaf in federation.leaves() if isinstance(leaf, Intent)}
    answered = sum(record.answered for record in after(federation, 0))
    debited = [rounds_of(federation, number) for number in (0, 1, 2)]
    for rounds in debited:
        assert rounds == sorted(set(rounds))
        assert set(rounds) <= announced
    assert answered <= sum(map(len, debited))  # nothing was counted that was not paid for


def test_the_profile_of_the_one_that_did_not_agree_shows_no_training(federation: Federation) -> None:
    device = federation.devices[3]
    assert device.kinds() == ["Opened", "Joined"]
    with open_profile(device.folder / "profile") as profile, profile.history.connect() as connection:
        assert connection.execute(select(func.count()).select_from(personal_heads)).scalar_one() == 0
        assert latest(profile.history, Job.ROUND) is None  # not even whether it could have worked was looked at


def test_lines_24_and_25_nothing_of_the_listener_is_in_what_nodes_sent_or_in_any_file(federation: Federation) -> None:
    with open_profile(federation.devices[0].folder / "profile") as profile, profile.history.connect() as connection:
        rows = connection.execute(select(recordings.c.title, recordings.c.artist, recordings.c.album)).all()
    planted = {text.encode() for row in rows for text in row if text and len(text) > 6}
    assert len(planted) > 15
    for answer in MOOD.values():
        planted |= {str(answer).encode(), struct.pack("<d", answer)}
    planted |= {PASSPHRASE.encode(), b"affective_slider"}
    sent = (federation.root.parent / "recording").read_bytes()
    assert b"declined" in sent  # so that it is no wonder that the rest is not
    assert sent.count(b"NUMPY") > 6
    assert [text for text in planted if text in sent] == []
    kept = everything_in(federation.root.parent)
    code = everything_in(Path("client"), Path("server"), Path("shared_model"))
    assert [text for text in planted if text in kept and text not in code] == []
    with closing(sqlite3.connect(federation.place.home / "superlink.db")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%clientapp_r%'")]
        assert tables
        for table in tables:
            assert set(database.execute(f"SELECT clientapp_runtime FROM {table}")) == {(0.0,)}  # noqa: S608
