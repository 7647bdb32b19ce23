"""The deployed Flower ServerApp, thin: round after round of the plan, from where the last run left it.

Whatever it logs is an event without a node or a device in it.
"""

import logging
import time
from dataclasses import replace
from pathlib import Path

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from server.deployment.books import Books, open_books
from server.deployment.collect import Collect
from server.deployment.deployment import held, is_halted, read_deployment
from server.deployment.nodes import read_nodes
from server.deployment.secure_round import play_securely
from server.deployment.seen import read_seen
from server.round import RoundState, run_round
from shared_model.privacy.randomness import OperatingSystemRandomness
from shared_model.privacy.spent import Trust

log = logging.getLogger(__name__)
WAIT_S = 0.5
app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """The rounds that the plan still has, until it is halted. The run config names the folder, as `deployment`."""
    folder = Path(str(context.run_config["deployment"]))
    deployment = read_deployment(folder)
    with held(folder):
        books = open_books(folder, deployment)
        state = books.recovered()
        while state.round < deployment.plan.rounds and not is_halted(folder):
            nodes = read_nodes(folder, population=deployment.plan.population)
            if not _enough(grid, nodes, least=max(1, deployment.plan.minimum_cohort)):
                time.sleep(WAIT_S)
                continue
            state = play(state, books, grid, nodes)
            time.sleep(deployment.pause_s)


def play(state: RoundState, books: Books, grid: Grid, nodes: dict[int, int]) -> RoundState:
    """One round, announced, done and concluded. The cohort is drawn from the plan's population by its sample rate,
    whoever is connected; nodes: Flower's of each registration number."""
    if books.deployment.plan.trust is Trust.DISTRIBUTED:
        return play_securely(state, books, grid, nodes)
    began = time.monotonic()
    books.announce(state)
    collect = Collect(grid=grid, books=books, nodes=nodes, seen=read_seen(books.folder))
    deployment = books.deployment
    after = run_round(
        state,
        plan=deployment.plan,
        step=deployment.step,
        randomness=lambda _purpose, _round: OperatingSystemRandomness(),
        collect=collect,
    )
    last = after.records[-1]
    record = replace(
        last,
        invited=collect.asked,
        declined=collect.asked - last.answered,
        bytes_down=4 * len(state.vector) * collect.asked,
    )
    after = replace(after, records=(*after.records[:-1], record))
    books.concluded(after)
    result = "aborted" if record.update_norm is None else "released"
    log.info("round.finished round=%d result=%s seconds=%.1f", after.round, result, time.monotonic() - began)
    return after


def _enough(grid: Grid, nodes: dict[int, int], *, least: int) -> bool:
    """Whether a round could come to anything now. It decides when a round begins, and never who is in it."""
    return len(set(nodes.values()) & set(grid.get_node_ids())) >= least
