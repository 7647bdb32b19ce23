"""Flower's records in, what they mean to this device out, and back. An allow-list both ways."""

from dataclasses import dataclass

import numpy as np
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, RecordDict
from torch import Tensor

from shared_model.errors import BadInput
from shared_model.reply import DECLINED, INVITATION, PARAMETERS, UPDATE
from shared_model.round_invitation import RoundInvitation, read_invitation


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One message of the server. parameters: (d,) float32."""

    invitation: RoundInvitation
    parameters: Tensor


def asked_in(content: RecordDict) -> Asked:
    """Raises BadInput where it holds anything else than an invitation, or that in another shape."""
    if set(content) != {INVITATION, PARAMETERS}:
        raise BadInput("invitation: the message holds other records; nothing was done")
    told, arrays = content[INVITATION], content[PARAMETERS]
    if not isinstance(told, ConfigRecord) or not isinstance(arrays, ArrayRecord) or set(arrays) != {PARAMETERS}:
        raise BadInput("invitation: the message holds records of another kind; nothing was done")
    numbers = arrays[PARAMETERS].numpy()
    if numbers.ndim != 1 or numbers.dtype != np.float32:
        raise BadInput("invitation: its parameters are no row of numbers; nothing was done")
    return Asked(invitation=read_invitation(told), parameters=torch.from_numpy(numbers.copy()))


def reply_with(update: Tensor | None) -> RecordDict:
    """The update (d,) float32, or `declined`: there is no third answer, and no reason in either."""
    if update is None:
        return RecordDict({DECLINED: ConfigRecord({DECLINED: True})})
    return RecordDict({UPDATE: ArrayRecord({UPDATE: Array(update.numpy())})})
