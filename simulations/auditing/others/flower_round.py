"""One round of a Flower strategy with its own messages, and no network: what asks, clips, averages and adds noise.

Letters: K answers, d numbers of an update. The model that nodes are sent is zero, so that an answer is its update.
"""

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

from shared_model.errors import Refused

ARRAYS, METRICS, EXAMPLES = "arrays", "metrics", "num-examples"
NOWHERE = Context(run_id=1, node_id=1, node_config={}, state=RecordDict(), run_config={})


@dataclass(frozen=True, slots=True)
class Nodes:
    """The one thing that sampling asks of a Grid."""

    planned: int

    def get_node_ids(self) -> list[int]:
        """Of all nodes that are connected."""
        return list(range(1, self.planned + 1))


class FlowerRound:
    """The answers of one round, which can be averaged again and again."""

    def __init__(
        self,
        strategy: Strategy,
        updates: Tensor,
        *,
        planned: int,
        counts: Sequence[int] | None = None,
        mod: Mod | None = None,
    ) -> None:
        """strategy: asks `planned` nodes, of which the first K answer with `updates` (K, d).

        counts: examples that each of them claims, 1 where nothing is said; mod: what clips on a device.
        """
        model, grid = _record(np.zeros(updates.shape[1])), cast(Grid, Nodes(planned))
        claims = [1] * len(updates) if counts is None else counts
        with _as_a_task():
            asked = list(strategy.configure_train(1, model, ConfigRecord(), grid))[: len(updates)]
        self._replies = [
            answered(message, update, count=count, mod=mod)
            for message, update, count in zip(asked, updates.numpy(), claims, strict=True)
        ]
        self._answers = [reply.content[ARRAYS] for reply in self._replies]

    def mean(self, strategy: Strategy) -> NDArray[np.float64]:
        """(d,) the noised average, by `strategy`. Raises Refused where that aggregates nothing."""
        for reply, answer in zip(self._replies, self._answers, strict=True):
            reply.content[ARRAYS] = answer  # a strategy puts the clipped one in its place
        arrays, _ = strategy.aggregate_train(1, self._replies)
        if arrays is None:
            raise Refused("the strategy aggregated nothing")
        return _numbers(arrays)


def averaging(planned: int) -> FedAvg:
    """The average that wrappers are laid around, with Flower's defaults but for evaluation, which it leaves out."""
    return FedAvg(fraction_evaluate=0.0, min_train_nodes=planned, min_available_nodes=planned)


def request(size: int) -> Message:
    """What a node is sent where no strategy of central privacy adds anything: a model of `size` numbers."""
    with _as_a_task():
        return Message(RecordDict({ARRAYS: _record(np.zeros(size)), "config": ConfigRecord()}), 1, "train")


def answered(message: Message, update: NDArray[np.float32], *, count: int, mod: Mod | None) -> Message:
    """What a node replies: its update (d,) and the number of examples that it claims, through its mod."""

    def train(asked: Message, _: Context) -> Message:
        return Message(RecordDict({ARRAYS: _record(update), METRICS: MetricRecord({EXAMPLES: count})}), reply_to=asked)

    return train(message, NOWHERE) if mod is None else mod(message, NOWHERE, train)


def update_in(reply: Message) -> NDArray[np.float64]:
    """(d,) what the server sees of a node."""
    return _numbers(cast(ArrayRecord, reply.content[ARRAYS]))


@contextmanager
def quiet() -> Iterator[None]:
    """Flower's log is off meanwhile: a release writes a dozen lines, and there are ten thousands."""
    log = logging.getLogger("flwr")
    before = log.disabled
    log.disabled = True
    try:
        yield
    finally:
        log.disabled = before


@contextmanager
def _as_a_task() -> Iterator[None]:
    """Messages ask who sends them, which Flower sets in the process of an app and nowhere else."""
    before = TaskIdentity._task_id, TaskIdentity._run_id, TaskIdentity._node_id
    TaskIdentity.task_id = TaskIdentity.run_id = TaskIdentity.node_id = 1
    try:
        yield
    finally:
        TaskIdentity._task_id, TaskIdentity._run_id, TaskIdentity._node_id = before


def _record(numbers: NDArray[np.floating]) -> ArrayRecord:
    return ArrayRecord({"update": Array(numbers.astype(np.float32))})


def _numbers(arrays: ArrayRecord) -> NDArray[np.float64]:
    return arrays.to_numpy_ndarrays()[0].astype(np.float64)
