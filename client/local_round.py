"""A device's part in one round: count for itself, train on its own plays, clip, answer."""

from torch import Tensor

from client.ledger.simulated import open_simulated_ledger, simulated_debit
from shared_model.errors import Refused
from shared_model.training.local_update import clipped_updates
from shared_model.training.workspace import Workspace


def take_part(workspace: Workspace, device: int, *, round_number: int, parameters: Tensor) -> Tensor | None:
    """The device's clipped update (d,), or None where its own ledger says no. parameters: (d,) float32.

    The debit is on disk before the examples are read. Raises ValueError for a round that cannot be.
    """
    plan = workspace.agreed.plan
    try:
        with open_simulated_ledger(workspace.ledger(device)) as ledger:
            ledger.debit(simulated_debit(round_number, plan=plan))
    except Refused:
        return None
    examples = workspace.examples_of(device)
    return clipped_updates(workspace.model, parameters, examples, training=workspace.agreed.training, plan=plan)[0]
