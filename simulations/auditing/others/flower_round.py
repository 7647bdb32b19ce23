"""One round of a Flower strategy with its own messages, and no network: what asks, clips, averages and adds noise.

Letters: K answers, d numbers of an update, n trials. The model that nodes are sent is zero, so that an answer is its
update.
"""

import copy
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp.typing import Mod
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg
from flwr.serverapp.strategy.strategy import Strategy
from flwr.supercore.task_identity import TaskIdentity
from numpy.typing import NDArray
from torch import Tensor

ARRAYS, METRICS, EXAMPLES = "arrays", "metrics", "num-examples"
NOWHERE = Context(run_id=1, node_id=1, node_config={}, state=RecordDict(), run_config={})


@dataclass(frozen=True, slots=True)
class Nodes:
    """The one thing that sampling asks of a Grid."""

    planned: int

    def get_node_ids(self) -> list[int]:
        """Of all nodes that are connected."""
        return list(range(1, self.planned + 1))


def averaging(planned: int) -> FedAvg:
    """The average that the wrappers are laid around, with Flower's defaults but for evaluation."""
    return FedAvg(fraction_evaluate=0.0, min_train_nodes=planned, min_available_nodes=planned)


def released_means(
    strategy: Strategy, updates: Tensor, counts: Sequence[int], *, planned: int, trials: int, mod: Mod | None = None
) -> NDArray[np.float64]:
    """(n, d) noised averages of the updates (K, d), each by `strategy` as it was when it was given.

    counts: examples that each of K nodes claims; planned: nodes that are asked, of which the first K answer;
    mod: what clips on a device. Raises ValueError where the strategy answers with nothing at all.
    """
    with _as_a_task():
        asked = strategy.configure_train(1, _record(np.zeros(updates.shape[1])), ConfigRecord(), _grid(planned))
        replies, answers = [], []
        for message, update, count in zip(list(asked)[: len(updates)], updates.numpy(), counts, strict=True):
            reply = answered(message, update, count=count, mod=mod)
            replies.append(reply)
            answers.append(reply.content[ARRAYS])
        means = []
        for _ in range(trials):
            for reply, answer in zip(replies, answers, strict=True):
                reply.content[ARRAYS] = answer  # the strategy put a clipped one in its place
            arrays, _ = copy.copy(strategy).aggregate_train(1, replies)
            if arrays is None:
                raise ValueError("flower: the strategy aggregated nothing; its log says why")
            means.append(arrays.to_numpy_ndarrays()[0].astype(np.float64))
    return np.stack(means)


def answered(message: Message, update: NDArray[np.float32], *, count: int, mod: Mod | None) -> Message:
    """What a node replies: its update (d,) and the examples that it claims, through its mod."""

    def train(asked: Message, _: Context) -> Message:
        metrics = MetricRecord({EXAMPLES: count})
        return Message(RecordDict({ARRAYS: _record(update), METRICS: metrics}), reply_to=asked)

    return train(message, NOWHERE) if mod is None else mod(message, NOWHERE, train)


def request(size: int) -> Message:
    """What a node of a round without central privacy is sent: a model of `size` numbers."""
    with _as_a_task():
        content = RecordDict({ARRAYS: _record(np.zeros(size)), "config": ConfigRecord()})
        return Message(content, 1, "train")


def arrays_of(reply: Message) -> NDArray[np.float64]:
    """(d,) the update in a reply."""
    return cast(ArrayRecord, reply.content[ARRAYS]).to_numpy_ndarrays()[0].astype(np.float64)


@contextmanager
def quiet() -> Iterator[None]:
    """Flower's log is left out meanwhile: each of ten thousands of releases writes a dozen lines."""
    log = logging.getLogger("flwr")
    before = log.disabled
    log.disabled = True
    try:
        yield
    finally:
        log.disabled = before


@contextmanager
def _as_a_task() -> Iterator[None]:
    """Messages ask who sends them, which Flower sets in the process of an app, and nowhere else."""
    before = TaskIdentity._task_id, TaskIdentity._run_id, TaskIdentity._node_id
    TaskIdentity.task_id = TaskIdentity.run_id = TaskIdentity.node_id = 1
    try:
        yield
    finally:
        TaskIdentity._task_id, TaskIdentity._run_id, TaskIdentity._node_id = before


def _grid(planned: int) -> Grid:
    return cast(Grid, Nodes(planned))


def _record(numbers: NDArray[np.floating]) -> ArrayRecord:
    return ArrayRecord({"update": Array(numbers.astype(np.float32))})
