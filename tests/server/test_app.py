"""The real ServerApp and the real ClientApp, and between them a grid in memory that can lose and spoil messages."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Error, Message, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.task_identity import TaskIdentity

import server.app
from client.app import app as client_app
from client.local_round import take_part
from server import checkpoint
from server.round import RoundState
from shared_model.errors import BadInput, SottovoceError
from shared_model.privacy.plan import Clipping, Mechanism
from shared_model.privacy.spent import Relation, Sampling, Trust
from shared_model.reply import DECLINED, INVITATION, PARAMETERS, ROUND, TRAIN, UPDATE
from shared_model.secagg.encoding import SumEncoding
from shared_model.training.workspace import Workspace
from simulations.engines import in_process
from simulations.engines.federation import Federation
from simulations.engines.flower_workspace import write_workspace
from simulations.engines.in_process import run_in_process

Spoil = Callable[[Message, Message], Message | None]
"""What comes of a reply, given what was asked; None where it is lost."""


class MemoryGrid(Grid):
    """Each node answers when its reply is pulled. Node ids are large numbers in no order, as Flower's are."""

    def __init__(self, workspace: Workspace, devices: int, spoil: Spoil) -> None:
        self.nodes = {int(node): device for device, node in enumerate(np.random.default_rng(0).permutation(devices))}
        self.nodes = {node * 7_919 + 2**40: device for node, device in self.nodes.items()}
        self.workspace, self.spoil = workspace, spoil
        self.asked: dict[str, Message] = {}
        self.most_under_way = self.pushed = 0

    def get_node_ids(self) -> Iterable[int]:
        return sorted(self.nodes)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        ids = []
        for message in messages:
            self.pushed += 1
            message.metadata.__dict__["_message_id"] = f"message {self.pushed}"
            self.asked[f"message {self.pushed}"] = message
            ids.append(f"message {self.pushed}")
        self.most_under_way = max(self.most_under_way, len(self.asked))
        return ids

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        some = list(message_ids)[:4]  # the others take longer
        replies = [self.spoil(self.asked[message], self._reply(self.asked[message])) for message in some]
        for message, reply in zip(some, replies, strict=True):
            if reply is not None:
                del self.asked[message]
        return [reply for reply in replies if reply is not None]

    def _reply(self, message: Message) -> Message:
        device = self.nodes[message.metadata.dst_node_id]
        return client_app(message, context(self.workspace, {"partition-id": device}))

    def set_run(self, run: Any) -> None: ...
    def run(self) -> Any: ...
    def create_message(self, *_: Any, **__: Any) -> Any: ...
    def get_nodes(self) -> Any: ...
    def send_and_receive(self, *_: Any, **__: Any) -> Any: ...


def context(workspace: Workspace, node_config: dict[str, Any]) -> Context:
    run_config = {"workspace": str(workspace.folder)}
    return Context(run_id=1, node_id=1, node_config=node_config, state=RecordDict(), run_config=run_config)


@pytest.fixture(autouse=True)
def identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_task_id", "_run_id", "_node_id"):
        monkeypatch.setattr(TaskIdentity, name, 1)  # set by Flower in the process of an app
    monkeypatch.setattr(server.app, "POLL_S", 0.001)


def run(
    federation: Federation, folder: Path, *, state: RoundState | None = None, spoil: Spoil = lambda _, reply: reply
) -> tuple[list[RoundState], MemoryGrid]:
    folder.mkdir(exist_ok=True)
    workspace = write_workspace(folder, state or RoundState.start(federation.model.vector()), federation)
    grid = MemoryGrid(workspace, federation.plan.population, spoil)
    server.app.app(grid, context(workspace, {}))
    return [checkpoint.load(file) for file in sorted(workspace.rounds.iterdir())][1:], grid


def reference(federation: Federation) -> list[RoundState]:
    return list(run_in_process(RoundState.start(federation.model.vector()), federation))


def assert_same(found: list[RoundState], expected: list[RoundState]) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.vector, theirs.vector, atol=1e-5, rtol=0)
        assert [(r.invited, r.declined) for r in ours.records] == [(r.invited, r.declined) for r in theirs.records]


@pytest.mark.parametrize("private", [True, False])
def test_behind_messages_the_same_head_comes_out(tiny_federation: Federation, tmp_path: Path, private: bool) -> None:
    plan = tiny_federation.plan if private else tiny_federation.plan.without_privacy()
    federation = replace(tiny_federation, plan=plan)
    found, _ = run(federation, tmp_path)
    assert_same(found, reference(federation))
    assert not torch.equal(found[-1].vector, found[0].vector)


def test_devices_decline_alike_and_go_on_counting_after_a_stop(tiny_federation: Federation, tmp_path: Path) -> None:
    plan = replace(tiny_federation.plan.without_privacy(), rounds=4, max_participations=2)
    federation = replace(tiny_federation, plan=plan)
    expected = reference(federation)
    assert expected[-1].records[-1].declined > 0
    for stopped in (1, 3):
        found, _ = run(federation, tmp_path / str(stopped), state=expected[stopped - 1])
        assert_same(found, expected[stopped:])


DISTRIBUTED: dict[str, Any] = {
    "trust": Trust.DISTRIBUTED,
    "mechanism": Mechanism.SKELLAM,
    "minimum_cohort": 3,
    "honest": 3,
    "rounds": 4,
    "max_participations": 3,
}
MECHANISMS = {
    "adaptive clipping": {"clipping": Clipping.ADAPTIVE, "clip_norm": 3.0, "rounds": 4, "max_participations": 3},
    "matrix factorisation": {
        "mechanism": Mechanism.MATRIX_FACTORISATION,
        "sampling": Sampling.NONE,
        "bands": 2,
        "rounds": 6,
        "cohort": 5,
        "max_participations": 3,
    },
    "local trust": {
        "trust": Trust.LOCAL,
        "sampling": Sampling.NONE,
        "relation": Relation.REPLACE_ONE,
        "rounds": 4,
        "max_participations": 3,
    },
}


@pytest.mark.parametrize("changes", MECHANISMS.values(), ids=MECHANISMS)
def test_every_mechanism_gives_the_same_behind_messages_and_after_a_stop_lines_17_to_19(
    changes: dict[str, Any], tiny_federation: Federation, tmp_path: Path
) -> None:
    federation = replace(tiny_federation, plan=replace(tiny_federation.plan, **changes))
    expected = reference(federation)
    assert expected[-1].records[-1].answered > 0
    found, _ = run(federation, tmp_path / "whole")
    assert_same(found, expected)
    for stopped in (1, 3):
        found, _ = run(federation, tmp_path / str(stopped), state=expected[stopped - 1])
        assert_same(found, expected[stopped:])
    for ours, theirs in zip(found, expected[3:], strict=True):
        assert (ours.clip_norm is None) == (theirs.clip_norm is None) == (federation.plan.clipping is Clipping.FLAT)
        if ours.clip_norm is not None:
            assert ours.clip_norm == pytest.approx(theirs.clip_norm, rel=1e-5)


def test_distributed_trust_gives_the_same_head_in_every_bit_behind_messages_and_after_a_stop(
    tiny_federation: Federation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other in both engines: side by side a float may end otherwise, and a coin then fall otherwise."""
    monkeypatch.setattr(in_process, "MOST_SIDE_BY_SIDE", 1)
    federation = replace(tiny_federation, plan=replace(tiny_federation.plan, **DISTRIBUTED))
    expected = reference(federation)
    assert sum(record.noise_norm is not None for record in expected[-1].records) > 1  # and the others were aborted
    for stopped in (0, 1, 3):
        state = expected[stopped - 1] if stopped else None
        found, _ = run(federation, tmp_path / str(stopped), state=state)
        for ours, theirs in zip(found, expected[stopped:], strict=True):
            assert torch.equal(ours.vector, theirs.vector)
            assert ours.records == theirs.records


def test_with_distributed_trust_no_two_devices_and_no_two_rounds_have_the_same_noise(
    tiny_federation: Federation, tmp_path: Path
) -> None:
    plan = replace(tiny_federation.plan, **DISTRIBUTED)
    federation = replace(tiny_federation, plan=plan)
    start = federation.model.vector()
    workspace = write_workspace(tmp_path, RoundState.start(start), federation)
    asked = product((0, 1), (1, 2))
    answers = [take_part(workspace, device, round_number=number, parameters=start) for device, number in asked]
    assert len({tuple(answer.tolist()) for answer in answers if answer is not None}) == 4
    bits = SumEncoding.of(plan, size=len(start)).modulus_bits
    for answer in answers:
        assert answer is not None
        assert answer.dtype == torch.int64
        assert int(answer.min()) >= 0
        assert int(answer.max()) >> bits == 0


def test_line_19_a_device_declines_a_round_within_the_bands_of_its_last(
    tiny_federation: Federation, tmp_path: Path
) -> None:
    changes: dict[str, Any] = MECHANISMS["matrix factorisation"] | {"bands": 5, "max_participations": 6, "cohort": 4}
    federation = replace(tiny_federation, plan=replace(tiny_federation.plan, **changes))
    answered: dict[int, list[int]] = {}

    def watching(asked: Message, reply: Message) -> Message:
        if asked.metadata.message_type == TRAIN and UPDATE in reply.content:
            number = int(str(asked.content.config_records[INVITATION][ROUND]))
            answered.setdefault(asked.metadata.dst_node_id, []).append(number)
        return reply

    found, _ = run(federation, tmp_path, spoil=watching)
    assert found[-1].records[-1].declined > 0
    assert all(later - earlier >= 5 for rounds in answered.values() for earlier, later in pairwise(rounds))


def test_line_19_a_device_declines_rounds_that_were_not_planned(tiny_federation: Federation, tmp_path: Path) -> None:
    plan = replace(tiny_federation.plan, **MECHANISMS["matrix factorisation"])
    federation = replace(tiny_federation, plan=plan)
    workspace = write_workspace(tmp_path, RoundState.start(federation.model.vector()), federation)
    answers = [
        take_part(workspace, 0, round_number=number, parameters=federation.model.vector()) for number in (7, 1, 2, 3)
    ]
    assert [answer is not None for answer in answers] == [False, True, False, True]


def test_line_7_a_device_counts_replace_one_by_its_own_ledger_as_the_plan_does(
    tiny_federation: Federation, tmp_path: Path
) -> None:
    changes: dict[str, Any] = MECHANISMS["local trust"] | {"noise_multiplier": 3.0, "device_cap": 2.5, "cohort": 3}
    plan = replace(tiny_federation.plan, **changes)
    assert plan.participation_limit == 2
    federation = replace(tiny_federation, plan=plan)
    start = federation.model.vector()
    workspace = write_workspace(tmp_path, RoundState.start(start), federation)
    answers = [take_part(workspace, 0, round_number=number, parameters=start) for number in (1, 2, 3, 4)]
    assert [answer is not None for answer in answers] == [True, True, False, False]


def test_line_17_a_device_that_is_not_told_the_clip_norm_declines(tiny_federation: Federation, tmp_path: Path) -> None:
    plan = replace(tiny_federation.plan, clipping=Clipping.ADAPTIVE)
    federation = replace(tiny_federation, plan=plan)
    workspace = write_workspace(tmp_path, RoundState.start(federation.model.vector()), federation)
    with pytest.raises(ValueError, match="no clip norm"):
        take_part(workspace, 0, round_number=1, parameters=federation.model.vector())
    with pytest.raises(BadInput, match="clip_norm is nan"):
        take_part(workspace, 0, round_number=1, parameters=federation.model.vector(), clip_norm=float("nan"))


def test_only_a_few_messages_are_under_way_and_none_is_asked_twice(tiny_federation: Federation, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server.app, "UNDER_WAY", 5)
        found, grid = run(tiny_federation, tmp_path)
    assert grid.most_under_way == 5
    assert grid.pushed == tiny_federation.plan.population + sum(record.invited for record in found[-1].records)


def test_a_lost_node_ends_the_round_at_its_deadline_without_its_update(
    tiny_federation: Federation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.app, "DEADLINE_S", 0.5)
    lost: list[int] = []

    def lose_one(asked: Message, reply: Message) -> Message | None:
        if asked.metadata.message_type != TRAIN:
            return reply
        lost[:] = lost or [asked.metadata.dst_node_id]
        return None if asked.metadata.dst_node_id in lost else reply

    found, _ = run(replace(tiny_federation, plan=replace(tiny_federation.plan, rounds=1)), tmp_path, spoil=lose_one)
    assert found[0].records[0].declined == 1


def answered(asked: Message, content: RecordDict) -> Message:
    return Message(content, reply_to=asked)


def array(numbers: np.ndarray) -> RecordDict:
    return RecordDict({UPDATE: ArrayRecord({UPDATE: Array(numbers)})})


def parameters(asked: Message) -> np.ndarray:
    return np.ones_like(asked.content.array_records[PARAMETERS][PARAMETERS].numpy())


def test_with_distributed_trust_an_update_in_the_clear_is_not_counted(
    tiny_federation: Federation, tmp_path: Path
) -> None:
    def spoil(asked: Message, reply: Message) -> Message:
        if INVITATION not in asked.content or UPDATE not in reply.content:
            return reply
        shares = reply.content.array_records[UPDATE][UPDATE].numpy()
        return answered(asked, array(shares.astype(np.float32)))

    plan = replace(tiny_federation.plan, **DISTRIBUTED)
    found, _ = run(replace(tiny_federation, plan=plan), tmp_path, spoil=spoil)
    assert [record.answered for record in found[-1].records] == [0, 0, 0, 0]
    assert torch.equal(found[-1].vector, tiny_federation.model.vector())


MALFORMED: dict[str, Callable[[Message], Message]] = {
    "an error": lambda asked: Message(Error(code=0, reason="out of memory"), reply_to=asked),
    "nothing": lambda asked: answered(asked, RecordDict()),
    "declined": lambda asked: answered(asked, RecordDict({DECLINED: ConfigRecord({DECLINED: True})})),
    "another size": lambda asked: answered(asked, array(parameters(asked)[:-1])),
    "another type": lambda asked: answered(asked, array(parameters(asked).astype(np.float64))),
    "a configuration for an update": lambda asked: answered(asked, RecordDict({UPDATE: ConfigRecord({UPDATE: 1.0})})),
    "another name": lambda asked: answered(
        asked, RecordDict({UPDATE: ArrayRecord({"loss": Array(np.zeros(1, dtype=np.float32))})})
    ),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_reply_that_is_no_update_is_not_counted(tiny_federation: Federation, tmp_path: Path, what: str) -> None:
    def spoil(asked: Message, reply: Message) -> Message:
        return MALFORMED[what](asked) if INVITATION in asked.content else reply

    federation = replace(tiny_federation, plan=tiny_federation.plan.without_privacy())
    found, _ = run(federation, tmp_path, spoil=spoil)
    assert [record.answered for record in found[-1].records] == [0, 0, 0]
    assert torch.equal(found[-1].vector, tiny_federation.model.vector())


def test_a_run_does_not_start_unless_every_device_answers_the_roll_call(
    tiny_federation: Federation, tmp_path: Path
) -> None:
    def spoil(asked: Message, reply: Message) -> Message:
        return answered(asked, RecordDict()) if asked.metadata.dst_node_id % 2 else reply

    with pytest.raises(SottovoceError, match=r"roll call: \d+ of 12 devices answered"):
        run(tiny_federation, tmp_path, spoil=spoil)


def test_a_workspace_without_a_state_is_refused_with_a_sentence(tiny_federation: Federation, tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path, RoundState.start(tiny_federation.model.vector()), tiny_federation)
    checkpoint.path(workspace.rounds, 0).unlink()
    with pytest.raises(BadInput, match="no state to start from"):
        server.app.app(MemoryGrid(workspace, 12, lambda _, reply: reply), context(workspace, {}))
