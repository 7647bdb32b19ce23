"""A deployed device and one message, with a real profile, release and log, and no Flower process."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.app.message import make_message
from flwr.app.metadata import Metadata
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects
from sqlalchemy.exc import DatabaseError

from client.consent.purpose import Purpose
from client.eligibility.reading import Reading
from client.eligibility.record import latest
from client.eligibility.verdict import Job
from client.files import HISTORY, SETTINGS
from client.ledger.ledger import open_ledger
from client.node.answer import answer_for
from client.node.round import Participant
from client.profile import Profile, open_profile
from client.settings import change_settings
from client.store import database
from server.deployment.books import Books, open_books
from server.round import RoundState
from shared_model.books.entries import CheckpointSeen, Debit
from shared_model.errors import Refused
from shared_model.reply import DECLINED, INVITATION, PARAMETERS
from shared_model.round_invitation import RoundInvitation
from tests.server.deployment.federation import Federation, joined_profile, plan
from tests.server.deployment.test_books import released

NOW_S = 1_790_000_000.0
IDLE = Reading(on_mains=True, idle_min=60.0, unmetered=True, online=True, cpu_usage=0.0, hour=3.0)


@pytest.fixture
def federation(tmp_path: Path) -> Federation:
    return Federation.begin(tmp_path / "s", plan(rounds=9, noise_multiplier=4.0), start=False)


@pytest.fixture
def profile(headless: Path, federation: Federation, tmp_path: Path) -> Iterator[Profile]:
    joined_profile(tmp_path / "profile", federation.deployment.signer().verifier, rounds=True)
    with open_profile(tmp_path / "profile") as opened:
        yield opened


class Rounds:
    """The server's side: announces, and gives invitations."""

    def __init__(self, federation: Federation) -> None:
        self.books: Books = open_books(federation.training, federation.deployment)
        self.state: RoundState = self.books.recovered()

    def next(self, seen: tuple[int, ...] = ()) -> RoundInvitation:
        if self.books.logged.log and len(self.books.logged.log) % 2:
            self.state = released(self.state)
            self.books.concluded(self.state)
        self.books.announce(self.state)
        told = self.books.invitation(deadline_s=int(NOW_S) + 60)
        return replace(told, consistency=self.books.consistency(list(seen)))


@pytest.fixture
def rounds(federation: Federation) -> Rounds:
    return Rounds(federation)


def participant(profile: Profile, federation: Federation, **changes: object) -> Participant:
    pinned = federation.deployment.signer().verifier
    values = {"sensors": lambda _: IDLE, "clock": lambda: NOW_S}
    return Participant(profile=profile, pinned=pinned, **(values | changes))


def entries(profile: Profile):
    with open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger:
        return ledger.entries[2:]  # after opened and joined


def test_an_update_of_the_listeners_plays_leaves_and_is_debited(profile, federation, rounds) -> None:
    device = participant(profile, federation)
    update = device.take_part(rounds.next(), rounds.state.vector)
    assert update.shape == rounds.state.vector.shape
    assert 0 < float(update.norm()) <= federation.deployment.plan.clip_norm * (1 + 1e-6)
    debit, seen = entries(profile)
    assert isinstance(debit, Debit)
    assert (debit.run, debit.round, debit.month) == ("test", 1, "2026-09")
    assert isinstance(seen, CheckpointSeen)
    assert latest(profile.history, Job.ROUND).reason is None
    told = rounds.next(seen=(seen.size,))
    assert device.take_part(told, rounds.state.vector).isfinite().all()
    assert [each.round for each in entries(profile) if isinstance(each, Debit)] == [1, 2]


def test_a_proof_that_the_server_did_not_send_is_fetched_and_checked(profile, federation, rounds) -> None:
    log = rounds.books.logged.log
    device = participant(profile, federation)
    device.take_part(rounds.next(), rounds.state.vector)
    told = rounds.next()
    with pytest.raises(Refused, match="no proof came"):
        device.take_part(told, rounds.state.vector)
    lying = participant(profile, federation, fetch=lambda _old, _new: (b"\0" * 32,))
    with pytest.raises(Refused, match="does not begin with"):
        lying.take_part(told, rounds.state.vector)
    fetching = participant(profile, federation, fetch=log.consistency_proof)
    assert fetching.take_part(told, rounds.state.vector).isfinite().all()


def declines(device: Participant, told: RoundInvitation, state: RoundState, *, says: str) -> None:
    profile = device.profile
    before = entries(profile)
    with pytest.raises(Refused, match=says):
        device.take_part(told, state.vector)
    assert entries(profile) == before


def test_every_no_comes_before_the_debit(profile, federation, rounds, monkeypatch) -> None:
    told, state = rounds.next(), rounds.state
    learning = told.learning
    late = participant(profile, federation, clock=lambda: NOW_S + 61)
    declines(late, told, state, says="deadline is past")
    device = participant(profile, federation)
    greedy = replace(learning, examples=5_000)
    declines(device, replace(told, learning=greedy), state, says="beyond this device's own limit")
    other = replace(learning, release="0" * 64)
    declines(device, replace(told, learning=other), state, says="not on this device")
    declines(device, told, replace(state, vector=state.vector + 1), says="not those that were announced")
    busy = participant(profile, federation, sensors=lambda _: replace(IDLE, on_mains=False))
    change_settings(profile.folder / SETTINGS, {"eligibility.run_on_batteries": "false"})  # as the owner may, meanwhile
    declines(busy, told, state, says="waiting: on battery")
    assert latest(profile.history, Job.ROUND).reason == "waiting: on battery"
    for purpose in (Purpose.ROUNDS, Purpose.LISTENING):
        profile.consents.decide(purpose, granted=False, at_s=2)
        declines(device, told, state, says="was withdrawn")


def test_a_clock_that_is_wrong_costs_rounds_and_never_a_debit_too_few(profile, federation, rounds) -> None:
    told, month_s = rounds.next(), 31 * 86_400
    ahead = participant(profile, federation, clock=lambda: NOW_S + month_s)
    declines(ahead, told, rounds.state, says="deadline is past")  # so that no later month is ever debited
    device = participant(profile, federation)
    device.take_part(told, rounds.state.vector)
    declines(device, told, rounds.state, says="debits round 1 after round 1")  # sent once more
    told = rounds.next(seen=(1,))
    behind = participant(profile, federation, clock=lambda: NOW_S - month_s)
    declines(behind, told, rounds.state, says="set the clock right")  # another month's budget is not to be had
    assert device.take_part(told, rounds.state.vector).isfinite().all()
    assert [each.round for each in entries(profile) if isinstance(each, Debit)] == [1, 2]


HOLDER = """
import sys
from sqlcipher3 import dbapi2
connection = dbapi2.connect(sys.argv[1], isolation_level=None)
connection.execute(f"PRAGMA key = \\"x'{sys.argv[2]}'\\"")
connection.execute(sys.argv[3])
connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.integration
@pytest.mark.parametrize("how", ["PRAGMA locking_mode = NORMAL", "PRAGMA locking_mode = EXCLUSIVE"])
def test_a_store_that_another_process_holds_is_declined_with_nothing_debited(
    profile, federation, rounds, monkeypatch, how
) -> None:
    monkeypatch.setattr(database, "_PRAGMAS", (*database._PRAGMAS, "PRAGMA busy_timeout = 200"))
    device, told = participant(profile, federation), rounds.next()
    profile.history.dispose()
    command = [sys.executable, "-c", HOLDER, str(profile.folder / HISTORY), profile._keys.data.hex(), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DatabaseError, match="locked"):
            device.take_part(told, rounds.state.vector)
        answered = answer_for(device)(message(told, rounds))
        holder.kill()
    assert list(answered) == [DECLINED]
    assert entries(profile) == ()
    assert device.take_part(told, rounds.state.vector).isfinite().all()


def test_a_ledger_that_another_process_holds_is_declined_with_nothing_debited(profile, federation, rounds) -> None:
    device, told = participant(profile, federation), rounds.next()
    held = open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror)
    with held, pytest.raises(Refused, match="another process has"):
        device.take_part(told, rounds.state.vector)
    assert entries(profile) == ()
    assert device.take_part(told, rounds.state.vector).isfinite().all()


def message(told: RoundInvitation, rounds: Rounds) -> RecordDict:
    parameters = ArrayRecord({PARAMETERS: Array(rounds.state.vector.numpy())})
    return RecordDict({INVITATION: ConfigRecord(told.as_fields()), PARAMETERS: parameters})


def test_a_device_that_played_nothing_answers_like_any_other(profile, federation, rounds) -> None:
    with profile.history.begin() as connection:
        connection.exec_driver_sql("DELETE FROM listens")
    update = participant(profile, federation).take_part(rounds.next(), rounds.state.vector)
    assert update.shape == rounds.state.vector.shape
    assert not update.any()


def wire(content: RecordDict) -> bytes:
    """Every byte that Flower would push for a reply."""
    metadata = Metadata(
        run_id=1,
        message_id="",
        src_node_id=1,
        dst_node_id=1,
        reply_to_message_id="m",
        group_id="1",
        created_at=0.0,
        ttl=1.0,
        message_type="train",
    )
    message: Message = make_message(metadata=metadata, content=content)
    return b"".join(each.deflate() for each in get_all_nested_objects(message).values())


def test_line_24_nothing_of_the_listener_crosses_the_wire(profile, federation, rounds, caplog) -> None:
    with profile.history.connect() as connection:
        rows = connection.exec_driver_sql("SELECT title, artist FROM recordings").all()
        played = connection.exec_driver_sql("SELECT count(*) FROM listens").scalar_one()
    planted = {text.encode() for row in rows for text in row if text and len(text) > 3}
    assert len(planted) > 20
    caplog.set_level("DEBUG")
    answer = answer_for(participant(profile, federation))
    told = rounds.next()

    answered = wire(answer(message(told, rounds)))
    size = len(rounds.state.vector)
    assert len(answered) < 4 * size + 1_500
    declined = wire(answer(message(told, rounds)))  # a second time: its reason is the ledger's
    profile.consents.decide(Purpose.ROUNDS, granted=False, at_s=2)
    assert wire(answer(message(told, rounds))) == declined
    assert wire(answer(RecordDict())) == declined
    said = answered + declined + caplog.text.encode() + pickle.dumps(declined)
    assert [text for text in planted if text in said] == []
    for number in (str(played).encode(), b"epsilon", b"loss", b"withdrawn"):
        assert number not in declined
    assert torch.is_tensor(rounds.state.vector)
