"""Flower's records in, what they mean to this device out, and back. An allow-list both ways."""

from dataclasses import dataclass

import numpy as np
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, RecordDict
from torch import Tensor

from shared_model.errors import BadInput
from shared_model.reply import DECLINED, INVITATION, MESSAGES, NUMBER, PARAMETERS, SECAGG, UPDATE
from shared_model.round_invitation import RoundInvitation, read_invitation

MOST_MESSAGES = 2
"""In one of Flower's: a roster and the introductions to it, where there are no neighbours to draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One message of the server. parameters: (d,) float32; number: of this device's registration, where the round is
    aggregated securely."""

    invitation: RoundInvitation
    parameters: Tensor
    number: int | None = None


def asked_in(content: RecordDict) -> Asked:
    """Raises BadInput where it holds anything else than an invitation, or that in another shape."""
    if set(content) - {SECAGG} != {INVITATION, PARAMETERS}:
        raise BadInput("invitation: the message holds other records; nothing was done")
    told, arrays = content[INVITATION], content[PARAMETERS]
    if not isinstance(told, ConfigRecord) or not isinstance(arrays, ArrayRecord) or set(arrays) != {PARAMETERS}:
        raise BadInput("invitation: the message holds records of another kind; nothing was done")
    numbers = arrays[PARAMETERS].numpy()
    if numbers.ndim != 1 or numbers.dtype != np.float32:
        raise BadInput("invitation: its parameters are no row of numbers; nothing was done")
    number = _number_in(content[SECAGG]) if SECAGG in content else None
    return Asked(invitation=read_invitation(told), parameters=torch.from_numpy(numbers.copy()), number=number)


def _number_in(record: object) -> int:
    number = record.get(NUMBER) if isinstance(record, ConfigRecord) and set(record) == {NUMBER} else None
    if type(number) is not int or not 1 <= number < 2**32:
        raise BadInput("invitation: it holds no registration number of this device; nothing was done")
    return number


def goes_on(content: RecordDict) -> bool:
    """Whether it is about a securely aggregated round that has begun."""
    return set(content) == {SECAGG}


def messages_in(content: RecordDict) -> tuple[bytes, ...]:
    """Of such a round. Raises BadInput where it holds anything else."""
    record = content[SECAGG]
    told = record.get(MESSAGES) if isinstance(record, ConfigRecord) and set(record) == {MESSAGES} else None
    messages = tuple(it for it in told if isinstance(it, bytes)) if isinstance(told, list) else ()
    if not isinstance(told, list) or not 1 <= len(messages) == len(told) <= MOST_MESSAGES:
        raise BadInput("round: a message of it cannot be read; nothing was done")
    return messages


def reply_with_message(message: bytes) -> RecordDict:
    """What `shared_model.secagg.device` says."""
    return RecordDict({SECAGG: ConfigRecord({MESSAGES: [message]})})


def reply_with(update: Tensor | None) -> RecordDict:
    """The update (d,) float32, or `declined`: there is no third answer, and no reason in either."""
    if update is None:
        return RecordDict({DECLINED: ConfigRecord({DECLINED: True})})
    return RecordDict({UPDATE: ArrayRecord({UPDATE: Array(update.numpy())})})
