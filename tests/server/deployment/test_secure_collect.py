"""Secure rounds over a grid in memory, with real devices of the protocol behind it, which are lost, late or babble."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from cryptography.hazmat.primitives import serialization
from flwr.app import ConfigRecord, Message, RecordDict
from flwr.supercore.task_identity import TaskIdentity

from client.node.messages import asked_in, goes_on, messages_in, reply_with, reply_with_message
from server.deployment import collect, secure_collect
from server.deployment.registered import read_registered, write_node_keys
from server.deployment.secure_collect import SecureCollect
from server.deployment.seen import Seen, read_seen
from shared_model.books.merkle import leaf_hash
from shared_model.books.round_log import encode_leaf
from shared_model.errors import BadInput, Refused
from shared_model.privacy.spent import Trust
from shared_model.reply import SECAGG
from shared_model.round_invitation import RoundInvitation
from shared_model.secagg.device import Device
from shared_model.secagg.limits import DeviceLimits
from shared_model.secagg.messages import Kind
from shared_model.secagg.offenders import Offenders, read_offenders
from shared_model.secagg.parameters import SecAggParameters
from shared_model.secagg.terms import Terms
from tests.server.deployment.federation import learning
from tests.server.deployment.test_collect import MemoryGrid
from tests.shared_model.books.conftest import invented_rounds
from tests.shared_model.secagg.rounds import node_keys

SIZE, BITS = 7, 24
PARAMETERS_OF_ROUND = SecAggParameters(cohort=20, most=25, threshold=5, modulus_bits=BITS, honest=3, dishonest=0)
LIMITS = DeviceLimits(smallest_cohort=2, smallest_threshold=2, smallest_honest=1)
Lies = Callable[[Kind, RecordDict], RecordDict | None]


@dataclass
class Talking:
    """One device behind the grid. lies: what becomes of what it says in a stage; None: nothing comes."""

    number: int
    terms: Terms
    vector: np.ndarray
    lies: Lies = lambda _stage, content: content
    device: Device | None = None
    heard: list[RecordDict] = field(default_factory=list)
    said: dict[str, RecordDict | None] = field(default_factory=dict)

    def __call__(self, message: Message) -> RecordDict | None:
        """Asked again for a reply that has not come, it says what it said."""
        name = message.metadata.message_id
        if name not in self.said:
            self.heard.append(message.content)
            self.said[name] = self._answer(message.content)
        return self.said[name]

    def _answer(self, content: RecordDict) -> RecordDict | None:
        try:
            if goes_on(content):
                assert self.device is not None
                answer = self.device.reply(messages_in(content))
            else:
                asked = asked_in(content)
                assert asked.number == self.number
                key = node_keys()[self.number - 1]
                self.device = Device(self.terms, self.vector, number=self.number, node_key=key, limits=LIMITS)
                answer = self.device.announce()
        except Refused:
            return reply_with(None)
        return self.lies(Kind(answer[0]), reply_with_message(answer))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_task_id", "_run_id", "_node_id"):
        monkeypatch.setattr(TaskIdentity, name, 1)  # set by Flower in the process of an app
    monkeypatch.setattr(collect, "POLL_S", 0.01)
    monkeypatch.setattr(collect, "PULL_S", 0.2)


@pytest.fixture
def federation(tmp_path: Path) -> Callable[..., tuple[SecureCollect, list[Talking]]]:
    def make(devices: int = 6, *, round_s: float = 20.0, lies: dict[int, Lies] | None = None) -> Any:
        keys = {number: node_keys()[number - 1].public_key() for number in range(1, devices + 1)}
        form = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        write_node_keys(tmp_path, {number: key.public_bytes(*form) for number, key in keys.items()})
        registered = read_registered(tmp_path)
        (intent, _) = invented_rounds(1)
        before, after = (replace(it, trust=Trust.DISTRIBUTED) for it in (intent.epsilon_before, intent.epsilon_after))
        leaf = encode_leaf(
            replace(
                intent,
                secagg=PARAMETERS_OF_ROUND,
                registry_root=registered.root,
                epsilon_before=before,
                epsilon_after=after,
            )
        )
        invitation = RoundInvitation(
            deadline_s=0, learning=learning(), leaf=leaf, index=0, checkpoint=b"note", inclusion=(), consistency={}
        )
        terms = Terms(
            run=intent.run,
            round=intent.round,
            intent_sha256=leaf_hash(leaf).hex(),
            registry_root=registered.root,
            size=SIZE,
            parameters=PARAMETERS_OF_ROUND,
        )
        generator = np.random.default_rng(3)
        talking = [
            Talking(
                number=number,
                terms=terms,
                vector=generator.integers(0, 1 << BITS, SIZE, dtype=np.uint64),
                **({"lies": lies[number]} if lies and number in lies else {}),
            )
            for number in keys
        ]
        books = SimpleNamespace(
            folder=tmp_path,
            deployment=SimpleNamespace(round_s=round_s),
            logged=SimpleNamespace(log=[leaf]),
            invitation=lambda deadline_s: replace(invitation, deadline_s=deadline_s),
            consistency=lambda _sizes: {},
        )
        round_of = SecureCollect(
            grid=MemoryGrid({each.number: each for each in talking}),
            books=books,
            nodes={number: 1000 + number for number in keys},
            registered=registered,
            seen=read_seen(tmp_path),
            size=SIZE,
        )
        return round_of, talking

    return make


def held(round_of: SecureCollect, devices: int = 6) -> Any:
    return round_of.sum(1, torch.zeros(3), range(devices + 3))  # three places are nobody's


def total(talking: list[Talking], *without: int) -> np.ndarray:
    vectors = [each.vector for each in talking if each.number not in without]
    return np.sum(vectors, axis=0, dtype=np.uint64) & np.uint64((1 << BITS) - 1)


def test_the_sum_of_all_is_exact_and_what_they_said_is_counted(federation):
    round_of, talking = federation()
    opened = held(round_of)
    assert (opened.sum == total(talking)).all()
    assert opened.devices == round_of.asked == 6
    assert [len(each.heard) for each in talking] == [5] * 6  # invited, introduced, delivered to, and asked twice more
    assert round_of.bytes_up == sum(
        len(messages_in(said)[0]) for each in talking for said in each.said.values() if said
    )


@pytest.mark.parametrize("stage", [Kind.KEYS, Kind.SHARES, Kind.MASKED, Kind.AGREEMENT, Kind.UNMASKING])
def test_a_device_that_goes_silent_costs_its_stage_and_no_more(federation, stage, monkeypatch):
    monkeypatch.setattr(secure_collect, "TRAINING_SHARE", 0.2)
    round_of, talking = federation(round_s=6.0, lies={2: lambda now, content: None if now is stage else content})
    began = time.monotonic()
    opened = held(round_of)
    assert (opened.sum == total(talking, *([2] if stage <= Kind.MASKED else []))).all()
    assert time.monotonic() - began < 6.5
    assert (
        len(talking[1].heard) <= [Kind.KEYS, Kind.SHARES, Kind.MASKED, Kind.AGREEMENT, Kind.UNMASKING].index(stage) + 1
    )


@pytest.mark.parametrize(
    "garbage",
    [
        reply_with(torch.zeros(3)),
        reply_with(None),
        reply_with_message(b""),
        reply_with_message(b"\1" * 100),
        RecordDict({"secagg": ConfigRecord({"messages": [b"", b""]})}),
        RecordDict({"secagg": ConfigRecord({"messages": "text"})}),
        RecordDict(),
    ],
)
def test_whatever_else_is_said_drops_who_said_it(federation, garbage):
    round_of, talking = federation(lies={3: lambda now, content: garbage if now is Kind.SHARES else content})
    opened = held(round_of)
    assert (opened.sum == total(talking, 3)).all()
    assert len(talking[2].heard) == 2


@pytest.mark.parametrize("stage", [Kind.KEYS, Kind.SHARES, Kind.MASKED, Kind.AGREEMENT, Kind.UNMASKING])
@pytest.mark.parametrize("garbage", [reply_with(torch.zeros(3)), reply_with_message(b"\7" * 60)])
def test_who_babbles_at_any_stage_stalls_nobody(federation, tmp_path, stage, garbage):
    """Nobody waits for the deadline: the stage ends when all have answered, with whatever."""
    round_of, talking = federation(lies={3: lambda now, content: garbage if now is stage else content}, round_s=600.0)
    opened = held(round_of)
    assert (opened.sum == total(talking, *([3] if stage <= Kind.MASKED else []))).all()
    offended = garbage.keys() == {SECAGG}
    assert (tmp_path / "offenders.json").exists() is offended


def test_below_the_threshold_nothing_is_known(federation):
    gone = {number: lambda now, content: reply_with(None) if now is Kind.MASKED else content for number in (1, 2)}
    round_of, _ = federation(lies=gone)
    assert held(round_of) is None


def test_offenders_are_not_invited_a_fourth_time(federation, tmp_path):
    babble = {4: lambda now, content: reply_with_message(b"\7" * 60) if now is Kind.MASKED else content}
    for _ in range(3):
        round_of, talking = federation(lies=babble)
        opened = held(round_of)
        assert (opened.sum == total(talking, 4)).all()
        assert round_of.asked == 6
    assert not read_offenders(tmp_path / "offenders.json").may_be_invited(4)
    round_of, talking = federation(lies=babble)
    assert held(round_of).devices == 5
    assert talking[3].heard == []


def test_no_message_holds_a_vector_in_clear(federation):
    """The vectors are told apart from what is said by eight bytes in a row of their packed form."""
    from shared_model.secagg.packing import pack

    round_of, talking = federation()
    held(round_of)
    spoken = b"".join(messages_in(said)[0] for each in talking for said in each.said.values() if said)
    for each in talking:
        packed = pack(each.vector, bits=BITS)
        assert not any(packed[start : start + 8] in spoken for start in range(len(packed) - 8))


def test_a_damaged_list_of_keys_is_a_sentence(tmp_path):
    assert read_registered(tmp_path).proofs == {}
    (tmp_path / "node-keys.json").write_text('{"1": "ssh-ed25519 AAAA"}')
    with pytest.raises(BadInput, match=r"node-keys.json cannot be read"):
        read_registered(tmp_path)


def test_a_full_disk_costs_what_was_to_be_remembered_and_not_the_round(federation, monkeypatch):
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Seen, "save", full)
    monkeypatch.setattr(Offenders, "save", full)
    babble = {4: lambda now, content: reply_with_message(b"\7" * 60) if now is Kind.MASKED else content}
    round_of, talking = federation(lies=babble)
    assert (held(round_of).sum == total(talking, 4)).all()
