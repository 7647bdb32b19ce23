import numpy as np
import pytest
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, MetricRecord, RecordDict

from client.node.messages import asked_in, reply_with
from shared_model.errors import BadInput
from shared_model.reply import INVITATION, PARAMETERS
from shared_model.round_invitation import RoundInvitation
from tests.server.deployment.federation import learning

INVITED = RoundInvitation(
    deadline_s=1_800_000_000,
    learning=learning(),
    leaf=b"{}",
    index=6,
    checkpoint=b"note",
    inclusion=(b"\1" * 32, b"\2" * 32),
    consistency={1: (b"\3" * 32,), 5: ()},
)


def content(fields: dict[str, object] | None = None, numbers: object = None, **more: object) -> RecordDict:
    numbers = np.arange(3, dtype=np.float32) if numbers is None else numbers
    records = {
        INVITATION: ConfigRecord(fields or INVITED.as_fields()),
        PARAMETERS: ArrayRecord({PARAMETERS: Array(numbers)}),
    }
    return RecordDict(records | more)


def test_what_is_sent_is_what_is_read() -> None:
    asked = asked_in(content())
    assert asked.invitation == INVITED
    assert torch.equal(asked.parameters, torch.arange(3.0))
    assert asked.invitation.proof(seen=1).consistency == (b"\3" * 32,)
    assert asked.invitation.proof(seen=3).consistency == ()
    assert asked.invitation.proof(seen=3, fetched=(b"\4" * 32,)).consistency == (b"\4" * 32,)


@pytest.mark.parametrize(
    "changes",
    [
        {"one more": 1},
        {"deadline_s": 1.5},
        {"epochs": True},
        {"leaf": "{}"},
        {"inclusion": b"\1" * 33},
        {"inclusion": b"\1" * 32 * 65},
        {"consistency": [b""]},
        {"consistency_from": ["1", "5"]},
        {"release": b""},
    ],
)
def test_line_24_anything_but_the_allow_list_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="nothing was done"):
        asked_in(content(INVITED.as_fields() | changes))


def test_line_24_a_field_that_is_missing_or_a_record_too_many_is_refused() -> None:
    fields = INVITED.as_fields()
    del fields["seed"]
    for spoiled in (
        content(fields),
        content(more=MetricRecord({"loss": 1.0})),
        content(numbers=np.zeros((2, 2), np.float32)),
        content(numbers=np.zeros(3, np.float64)),
        RecordDict({PARAMETERS: ArrayRecord({PARAMETERS: Array(np.zeros(3, np.float32))})}),
        RecordDict({INVITATION: ConfigRecord(INVITED.as_fields()), PARAMETERS: ConfigRecord({})}),
        RecordDict(),
    ):
        with pytest.raises(BadInput, match="nothing was done"):
            asked_in(spoiled)


def test_a_reply_is_an_update_or_declined_and_nothing_beside() -> None:
    declined = reply_with(None)
    assert {name: dict(record) for name, record in declined.items()} == {"declined": {"declined": True}}
    answered = reply_with(torch.arange(4.0))
    assert list(answered) == ["update"]
    assert list(answered["update"]) == ["update"]
    assert answered["update"]["update"].numpy().tolist() == [0, 1, 2, 3]
