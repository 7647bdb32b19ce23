"""The Flower ServerApp, thin: `server.round.run_round` with messages for `collect`.

Every message waits for its reply only until its round's deadline, and only a few are under way at a time.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, RecordDict
from flwr.serverapp import Grid, ServerApp
from numpy.typing import NDArray
from torch import Tensor

from server import checkpoint
from server.aggregate import answer_size
from server.round import plan_of_next_round, run_round
from server.simulated_run import read_simulated_run
from shared_model.errors import BadInput, SottovoceError
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.spent import Trust
from shared_model.reply import CLIP_NORM, INVITATION, NUMBER, PARAMETERS, REGISTRATION, ROLL_CALL, ROUND, TRAIN, UPDATE
from shared_model.training.workspace import Workspace

DEADLINE_S = 600.0
"""After this long a round, or the roll call, ends with what arrived, so that a lost node never holds up a run."""
POLL_S = 0.05
UNDER_WAY = 16
"""Messages pushed and not yet answered. Flower's in-memory link state goes through all of them for each node in each of
its passes, and every one holds a copy of the parameters."""

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Run the rounds that the workspace of the run config still lacks, with a checkpoint after each."""
    workspace = Workspace(Path(str(context.run_config["workspace"])))
    plan = workspace.agreed.plan
    run = read_simulated_run(workspace.folder)
    state = checkpoint.latest(workspace.rounds)
    if state is None:
        raise BadInput(f"workspace: {workspace.rounds} has no state to start from; start the run again")
    nodes = roll_call(grid, plan.population)
    while state.round < plan.rounds:
        collect = Collect(grid=grid, nodes=nodes, plan=plan_of_next_round(plan, state))
        state = run_round(state, plan=plan, step=run.step, randomness=run.randomness, collect=collect)
        checkpoint.save(state, workspace.rounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Invites a cohort by messages. nodes: Flower's node of each registration number; plan: of this round."""

    grid: Grid
    nodes: Sequence[int]
    plan: PrivacyPlan

    def __call__(self, number: int, vector: Tensor, cohort: NDArray[np.int64]) -> Iterator[Tensor]:
        """Each answer as a row (1, D), as it comes. Neither a refusal nor a malformed reply is one."""
        invitation = RecordDict(
            {
                INVITATION: ConfigRecord({ROUND: number, CLIP_NORM: self.plan.clip_norm}),
                PARAMETERS: ArrayRecord({PARAMETERS: Array(vector.numpy())}),
            }
        )
        size = answer_size(len(vector), plan=self.plan)
        numbers = np.int64 if self.plan.trust is Trust.DISTRIBUTED else np.float32
        for reply in replies(self.grid, TRAIN, [self.nodes[device] for device in cohort], invitation):
            update = update_in(reply, size=size, numbers=numbers)
            if update is not None:
                yield update[None]


def roll_call(grid: Grid, population: int) -> list[int]:
    """Flower's node of each registration number, 0 to population - 1.

    Flower draws node ids at random, while a cohort is drawn by registration number: here every node is asked for its
    own, where a deployment looks it up in the enrolment registry. Raises SottovoceError unless all are there.
    """
    ends = time.monotonic() + DEADLINE_S
    while len(nodes := list(grid.get_node_ids())) < population and time.monotonic() < ends:
        time.sleep(POLL_S)  # the simulation enrols its nodes while this app starts
    found: dict[int, int] = {}
    for reply in replies(grid, ROLL_CALL, nodes, RecordDict()):
        if reply.has_content() and REGISTRATION in reply.content.config_records:
            found[int(str(reply.content.config_records[REGISTRATION][NUMBER]))] = reply.metadata.src_node_id
    if set(found) != set(range(population)):
        raise SottovoceError(f"roll call: {len(found)} of {population} devices answered; see the log of the clients")
    return [found[number] for number in range(population)]


def replies(grid: Grid, kind: str, nodes: Sequence[int], content: RecordDict) -> Iterator[Message]:
    """Ask each node, and yield what comes until the deadline."""
    ends = time.monotonic() + DEADLINE_S
    asked, under_way = 0, set[str]()
    while (asked < len(nodes) or under_way) and time.monotonic() < ends:
        some = nodes[asked : asked + UNDER_WAY - len(under_way)]
        under_way.update(grid.push_messages([Message(content, node, kind) for node in some]))
        asked += len(some)
        for reply in grid.pull_messages(list(under_way)):
            under_way.discard(reply.metadata.reply_to_message_id)
            yield reply
        if under_way:
            time.sleep(POLL_S)


def update_in(reply: Message, *, size: int, numbers: type[np.generic] = np.float32) -> Tensor | None:
    """The update (size,) of `numbers` that a reply holds, if it is an answer that can be counted."""
    if not reply.has_content():
        return None
    arrays = reply.content.array_records.get(UPDATE)
    if arrays is None or UPDATE not in arrays:
        return None
    update = arrays[UPDATE].numpy()
    if update.shape != (size,) or update.dtype != numbers:
        return None
    return torch.from_numpy(update.copy())
