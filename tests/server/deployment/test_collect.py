"""A round with a grid in memory that loses, delays and spoils replies."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, Error, Message, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.task_identity import TaskIdentity

from server.deployment import collect
from server.deployment.app import play
from server.deployment.books import Books, open_books
from server.deployment.seen import read_seen
from shared_model.books.round_log import Outcome, Result
from shared_model.reply import DECLINED, INVITATION, PARAMETERS, UPDATE
from shared_model.round_invitation import read_invitation
from tests.server.deployment.federation import Federation, plan

Reply = Callable[[Message], RecordDict | Error | None]
"""What a node says, or None: nothing ever comes."""


class MemoryGrid(Grid):
    """Node ids are 1000 and the registration number."""

    def __init__(self, replies: dict[int, Reply]) -> None:
        self.replies, self.asked = replies, {}

    def get_node_ids(self) -> Iterable[int]:
        return [1000 + number for number in self.replies]

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        ids = []
        for message in messages:
            message.metadata.__dict__["_message_id"] = f"message {len(self.asked)}"
            self.asked[message.metadata.message_id] = message
            ids.append(message.metadata.message_id)
        return ids

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        (name,) = message_ids
        message = self.asked[name]
        said = self.replies[message.metadata.dst_node_id - 1000](message)
        return [] if said is None else [Message(said, reply_to=message)]

    def set_run(self, run: Any) -> None: ...
    def run(self) -> Any: ...
    def create_message(self, *_: Any, **__: Any) -> Any: ...
    def get_nodes(self) -> Any: ...
    def send_and_receive(self, *_: Any, **__: Any) -> Any: ...


def update(value: float, **spoilt: Any) -> Reply:
    def say(message: Message) -> RecordDict:
        numbers = message.content[PARAMETERS][PARAMETERS].numpy()
        answer = spoilt.get("array", np.full_like(numbers, value))
        return RecordDict({UPDATE: ArrayRecord({UPDATE: Array(answer)})})

    return say


def declined(_: Message) -> RecordDict:
    return RecordDict({DECLINED: ConfigRecord({DECLINED: True})})


def never(_: Message) -> None:
    return None


def crashes(_: Message) -> RecordDict:
    raise ValueError("an object that is none")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_task_id", "_run_id", "_node_id"):
        monkeypatch.setattr(TaskIdentity, name, 1)  # set by Flower in the process of an app
    monkeypatch.setattr(collect, "POLL_S", 0.01)
    monkeypatch.setattr(collect, "PULL_S", 0.2)


def begun(tmp_path: Path, devices: int, *, minimum: int = 1, round_s: float = 5.0, **changes: Any) -> Books:
    privacy = plan(**{"population": devices, "cohort": devices, "minimum_cohort": minimum, "rounds": 4} | changes)
    federation = Federation.begin(tmp_path / "s", privacy, round_s=round_s, start=False)
    return open_books(federation.training, federation.deployment)


def nodes(devices: int) -> dict[int, int]:
    return {number: 1000 + number for number in range(1, devices + 1)}


def test_what_cannot_be_counted_takes_nothing_else_with_it(tmp_path: Path) -> None:
    books = begun(tmp_path, 9, round_s=5.0)  # all of it is waited for, for the one that never comes
    size = len(books.start)
    replies: dict[int, Reply] = {
        1: update(1e-3),
        2: declined,
        3: crashes,
        4: update(0, array=np.zeros(size + 1, np.float32)),
        5: update(0, array=np.zeros(size, np.float64)),
        6: lambda _: Error(7, "refused"),
        7: never,
        8: update(float("nan")),
        9: update(1e9),
    }
    grid = MemoryGrid(replies)
    state = play(books.recovered(), books, grid, nodes(9))
    record = state.records[-1]
    assert (record.invited, record.answered, record.declined) == (9, 3, 6)
    assert record.update_norm is not None
    assert record.update_norm <= 3 * books.deployment.plan.clip_norm / 9
    assert state.vector.isfinite().all()


def test_a_pull_that_hangs_holds_up_nobody_else(tmp_path: Path) -> None:
    books, others = begun(tmp_path, 3, round_s=120.0), threading.Semaphore(0)

    def hangs(message: Message) -> RecordDict | Error | None:
        assert others.acquire(timeout=100)
        assert others.acquire(timeout=100)  # until both others were heard
        return update(1e-3)(message)

    def heard(message: Message) -> RecordDict | Error | None:
        others.release()
        return update(1e-3)(message)

    state = play(books.recovered(), books, MemoryGrid({1: hangs, 2: heard, 3: heard}), nodes(3))
    assert state.records[-1].answered == 3


def test_below_the_minimum_the_round_is_aborted_and_changes_nothing(tmp_path: Path) -> None:
    books = begun(tmp_path, 3, minimum=2)
    before = books.recovered()
    state = play(before, books, MemoryGrid({1: update(1.0), 2: declined, 3: declined}), nodes(3))
    assert torch.equal(state.vector, before.vector)
    assert state.records[-1].update_norm is None
    leaf = books._last()
    assert isinstance(leaf, Outcome)
    assert leaf.result is Result.ABORTED
    assert books.recovered().round == 1


def test_line_2_only_registered_places_of_the_draw_are_asked(tmp_path: Path) -> None:
    books = begun(tmp_path, 50)
    grid = MemoryGrid({7: update(1e-3), 31: update(1e-3)})
    state = play(books.recovered(), books, grid, {7: 1007, 31: 1031})
    assert sorted(message.metadata.dst_node_id for message in grid.asked.values()) == [1007, 1031]
    assert state.records[-1].invited == 2
    assert state.records[-1].answered == 2


def test_line_15_the_cohort_is_poisson_and_a_seed_changes_nothing_of_it(tmp_path: Path) -> None:
    books = begun(tmp_path, 400, cohort=40, minimum_cohort=0, noise_multiplier=9.0)
    state, cohorts = books.recovered(), []
    for _ in range(3):
        torch.manual_seed(0)
        np.random.seed(0)
        grid = MemoryGrid(dict.fromkeys(range(1, 401), declined))
        state = play(state, books, grid, nodes(400))
        cohorts.append(frozenset(message.metadata.dst_node_id for message in grid.asked.values()))
    assert len(set(cohorts)) == 3
    assert all(12 <= len(cohort) <= 80 for cohort in cohorts)  # six standard deviations


def test_a_device_is_sent_proofs_from_what_it_may_have_seen(tmp_path: Path) -> None:
    books = begun(tmp_path, 2)
    state = books.recovered()
    grid = MemoryGrid({1: update(1e-3), 2: declined})
    for _ in range(3):
        state = play(state, books, grid, nodes(2))
    told = {}
    for message in grid.asked.values():
        told.setdefault(message.metadata.dst_node_id, []).append(read_invitation(message.content[INVITATION]))
    assert [sorted(each.consistency) for each in told[1001]] == [[], [1], [3]]
    assert [sorted(each.consistency) for each in told[1002]] == [[], [1], [1, 3]]
    assert read_seen(books.folder).of(1) == [5]
    assert {message.metadata.ttl <= 5.0 for message in grid.asked.values()} == {True}


def test_memory_does_not_grow_with_the_cohort(tmp_path: Path) -> None:
    import tracemalloc

    peaks = []
    for devices in (50, 500):
        books = begun(tmp_path / str(devices), devices, round_s=120.0, max_participations=9)
        state = books.recovered()
        books.announce(state)
        grid = MemoryGrid({number: update(1e-3) for number in range(1, devices + 1)})
        asking = collect.Collect(grid=grid, books=books, nodes=nodes(devices), seen=read_seen(books.folder))
        answered = 0
        tracemalloc.start()
        for rows in asking(1, state.vector, np.arange(devices)):
            answered += len(rows)
            grid.asked.clear() if answered == devices else None
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert answered == devices
    assert peaks[1] - peaks[0] < 450 * 8_000  # what was asked, which this grid holds; an answer has 25,000 bytes
