"""A device's part in one round: count for itself, train on its own plays, clip, answer."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from client.ledger.simulated import open_simulated_ledger, simulated_debit
from client.simulated_noise import simulated_noise, simulated_share_streams
from shared_model.books.ledger_law import participations
from shared_model.errors import Refused
from shared_model.privacy.plan import Clipping, Mechanism
from shared_model.privacy.spent import Trust
from shared_model.secagg.planned import shares_of_a_sum
from shared_model.training.local_update import clipped_updates, noised_updates
from shared_model.training.workspace import Workspace


def take_part(
    workspace: Workspace, device: int, *, round_number: int, parameters: Tensor, clip_norm: float | None = None
) -> Tensor | None:
    """The device's clipped update (d,), or None where its own ledger says no. parameters: (d,) float32.

    clip_norm: of this round, as it was told; it has a say where the agreed plan's clipping is adaptive only, and there
    the answer is the device's contribution (d + 1,). Noise follows the clip norm, so that no value of it costs more.
    With local trust the update is noised here, after it is clipped; with distributed trust the answer is what a device
    adds to the round's sum, (D,) int64 with its share of the noise, which nothing masks on its way in a simulation.
    The debit is on disk before the examples are read.
    Raises ValueError for a round that cannot be.
    """
    plan = workspace.agreed.plan
    if plan.clipping is Clipping.ADAPTIVE:
        if clip_norm is None:
            raise ValueError("invitation: it has no clip norm, and the plan's clipping is adaptive")
        plan = replace(plan, clip_norm=clip_norm)
    try:
        with open_simulated_ledger(workspace.ledger(device)) as ledger:
            earlier = tuple(each.round for each in participations(ledger.entries))
            if plan.mechanism is Mechanism.MATRIX_FACTORISATION and not plan.factorisation.may_take_part(
                round_number, earlier=earlier, max_participations=plan.max_participations
            ):
                return None  # the noise is planned for rounds of a device that lie apart
            ledger.debit(simulated_debit(round_number, plan=plan))
    except Refused:
        return None
    examples = workspace.examples_of(device)
    updates = clipped_updates(workspace.model, parameters, examples, training=workspace.agreed.training, plan=plan)
    if plan.trust is Trust.LOCAL:
        noise = simulated_noise(workspace.folder, device=device, round_number=round_number)
        updates = noised_updates(updates, plan=plan, noises=[noise])
    if plan.trust is Trust.DISTRIBUTED:
        streams = simulated_share_streams(workspace.folder, device=device, round_number=round_number)
        said, start = updates.double().numpy(), parameters.numpy()
        shares = shares_of_a_sum(said, plan=plan, start=start, number=round_number, streams=[streams])
        return torch.from_numpy(shares.view(np.int64))[0]
    return updates[0]
