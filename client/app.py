"""The Flower ClientApp, thin: records in, `client.local_round`, records out."""

import logging
from functools import lru_cache
from pathlib import Path

import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, RecordDict
from flwr.clientapp import ClientApp

from client.local_round import take_part
from shared_model.reply import CLIP_NORM, DECLINED, INVITATION, NUMBER, PARAMETERS, REGISTRATION, ROUND, UPDATE
from shared_model.training.workspace import Workspace

log = logging.getLogger(__name__)
app = ClientApp()


@app.query()
def answer_roll_call(message: Message, context: Context) -> Message:
    """Say under which registration number this node is enrolled."""
    number = ConfigRecord({NUMBER: _registration_number(context)})
    return Message(RecordDict({REGISTRATION: number}), reply_to=message)


@app.train()
def train(message: Message, context: Context) -> Message:
    """Answer an invitation with a clipped update or with `declined`, and nothing beside."""
    return Message(_answer(message.content, context), reply_to=message)


def _answer(invitation: RecordDict, context: Context) -> RecordDict:
    try:
        told = invitation.config_records[INVITATION]
        update = take_part(
            _workspace(Path(str(context.run_config["workspace"]))),
            _registration_number(context),
            round_number=int(str(told[ROUND])),
            clip_norm=float(str(told[CLIP_NORM])) if CLIP_NORM in told else None,
            parameters=torch.from_numpy(invitation.array_records[PARAMETERS][PARAMETERS].numpy().copy()),
        )
    except Exception as error:
        # whatever went wrong, its text could tell of the listener, so that not even this device's log has it
        log.warning("round.declined cause=%s", type(error).__name__)
        update = None
    if update is None:
        return RecordDict({DECLINED: ConfigRecord({DECLINED: True})})
    return RecordDict({UPDATE: ArrayRecord({UPDATE: Array(update.numpy())})})


def _registration_number(context: Context) -> int:
    """Simulated nodes are numbered; a deployed one will know its number from enrolment."""
    return int(str(context.node_config["partition-id"]))


@lru_cache(maxsize=1)
def _workspace(folder: Path) -> Workspace:
    """Kept, since one process answers for many simulated devices."""
    return Workspace(folder)
