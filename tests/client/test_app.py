"""What crosses the wire: the real ClientApp is called with real messages."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, Metadata, RecordDict

from client.app import app
from client.ledger.simulated import open_simulated_ledger
from server.round import RoundState
from shared_model.books.ledger_law import participations
from shared_model.reply import DECLINED, INVITATION, NUMBER, PARAMETERS, REGISTRATION, ROLL_CALL, ROUND, TRAIN, UPDATE
from shared_model.training.examples import take
from shared_model.training.local_update import clipped_updates
from shared_model.training.workspace import Workspace
from simulations.engines.federation import Federation
from simulations.engines.flower_workspace import write_workspace

DEVICE = 3


@pytest.fixture
def workspace(tiny_federation: Federation, tmp_path: Path) -> Workspace:
    return write_workspace(tmp_path, RoundState.start(tiny_federation.model.vector()), tiny_federation)


def ask(workspace: Workspace, kind: str, content: RecordDict) -> RecordDict:
    context = Context(
        run_id=1,
        node_id=99,
        node_config={"partition-id": DEVICE, "num-partitions": 12},
        state=RecordDict(),
        run_config={"workspace": str(workspace.folder)},
    )
    metadata = Metadata(
        run_id=1,
        message_id="asked",
        src_node_id=1,
        dst_node_id=99,
        reply_to_message_id="",
        group_id="",
        created_at=2e9,
        ttl=60.0,
        message_type=kind,
    )
    reply = app(Message(metadata=metadata, content=content), context)
    assert not context.state  # Flower keeps it, and would send it to the next round
    return reply.content


def invitation(vector: torch.Tensor, number: int = 1) -> RecordDict:
    arrays = ArrayRecord({PARAMETERS: Array(vector.numpy())})
    return RecordDict({INVITATION: ConfigRecord({ROUND: number}), PARAMETERS: arrays})


def is_only_declined(reply: RecordDict) -> bool:
    return dict(reply) == {DECLINED: ConfigRecord({DECLINED: True})}


def test_an_answer_is_the_clipped_update_and_nothing_beside(tiny_federation: Federation, workspace: Workspace) -> None:
    vector = tiny_federation.model.vector()
    reply = ask(workspace, TRAIN, invitation(vector))
    assert list(reply) == [UPDATE]
    assert isinstance(reply[UPDATE], ArrayRecord)
    assert list(reply.array_records[UPDATE]) == [UPDATE]
    found = reply.array_records[UPDATE][UPDATE].numpy()
    assert found.dtype == np.float32
    expected = clipped_updates(
        tiny_federation.model,
        vector,
        take(tiny_federation.examples, slice(DEVICE, DEVICE + 1)),
        training=tiny_federation.training,
        plan=tiny_federation.plan,
    )[0]
    np.testing.assert_allclose(found, expected, atol=1e-7)
    assert 0 < np.linalg.norm(found.astype(np.float64)) <= tiny_federation.plan.clip_norm * (1 + 1e-6)


def test_the_roll_call_is_answered_with_the_registration_number_alone(workspace: Workspace) -> None:
    assert dict(ask(workspace, ROLL_CALL, RecordDict())) == {REGISTRATION: ConfigRecord({NUMBER: DEVICE})}


def test_a_device_that_took_part_often_enough_declines(tiny_federation: Federation, workspace: Workspace) -> None:
    vector = tiny_federation.model.vector()
    replies = [ask(workspace, TRAIN, invitation(vector, number)) for number in (1, 2, 3)]
    assert [is_only_declined(reply) for reply in replies] == [False, False, True]


def test_line_1_the_debit_is_on_disk_before_training_starts(tiny_federation: Federation, workspace: Workspace) -> None:
    (workspace.folder / "examples.safetensors").unlink()
    assert is_only_declined(ask(workspace, TRAIN, invitation(tiny_federation.model.vector())))
    with open_simulated_ledger(workspace.ledger(DEVICE)) as ledger:
        assert [each.round for each in participations(ledger.entries)] == [1]


def test_line_32_unknown_is_no(tiny_federation: Federation, workspace: Workspace) -> None:
    workspace.ledger(DEVICE).write_bytes(b"\x00")
    assert is_only_declined(ask(workspace, TRAIN, invitation(tiny_federation.model.vector())))


@pytest.mark.parametrize("malformed", ["nothing", "no round", "another size", "text for a round"])
def test_a_malformed_invitation_is_declined(tiny_federation: Federation, workspace: Workspace, malformed: str) -> None:
    vector = tiny_federation.model.vector()
    content = invitation(vector[:-1] if malformed == "another size" else vector)
    if malformed == "nothing":
        content = RecordDict()
    elif malformed == "no round":
        del content[INVITATION]
    elif malformed == "text for a round":
        content[INVITATION] = ConfigRecord({ROUND: "first"})
    assert is_only_declined(ask(workspace, TRAIN, content))


def test_the_text_of_an_error_stays_out_of_reply_and_log(
    tiny_federation: Federation,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError("the listener played Gretchen am Spinnrade")

    monkeypatch.setattr("client.local_round.clipped_updates", fails)
    with caplog.at_level(logging.DEBUG):
        assert is_only_declined(ask(workspace, TRAIN, invitation(tiny_federation.model.vector())))
    assert "ValueError" in caplog.text
    assert "Gretchen" not in caplog.text


def test_without_a_mechanism_the_update_is_not_clipped(tiny_federation: Federation, tmp_path: Path) -> None:
    plain = replace(tiny_federation, plan=tiny_federation.plan.without_privacy())
    plain = replace(plain, plan=replace(plain.plan, clip_norm=1e-6))
    workspace = write_workspace(tmp_path, RoundState.start(plain.model.vector()), plain)
    update = ask(workspace, TRAIN, invitation(plain.model.vector())).array_records[UPDATE][UPDATE].numpy()
    assert np.linalg.norm(update) > 1e-3
