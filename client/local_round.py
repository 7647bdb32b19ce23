"""A device's part in one round: count for itself, train on its own plays, clip, answer."""

from torch import Tensor

from client.participation import debit
from shared_model.training.local_update import clipped_updates
from shared_model.training.workspace import Workspace


def take_part(workspace: Workspace, device: int, *, round_number: int, parameters: Tensor) -> Tensor | None:
    """The device's clipped update (d,), or None where its own count says no. parameters: (d,) float32."""
    agreed = workspace.agreed
    if not debit(workspace.ledger(device), round_number, plan=agreed.plan):
        return None
    examples = workspace.examples_of(device)
    return clipped_updates(workspace.model, parameters, examples, training=agreed.training, plan=agreed.plan)[0]
