"""Asks a cohort by Flower's messages, and yields answers as they come.

Each reply is pulled by itself, so that one that is damaged, or whose sender died half-way, takes no other with it;
Flower would wait three minutes for such a one, and so each pull has a thread that is left behind where it does.
"""

import logging
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.serverapp import Grid
from numpy.typing import NDArray
from torch import Tensor

from server.app import update_in
from server.deployment.books import Books
from server.deployment.seen import Seen
from shared_model.reply import INVITATION, PARAMETERS, TRAIN

log = logging.getLogger(__name__)
POLL_S = 0.25
PULL_S = 2.0
PUSHED_AT_ONCE = 16


@dataclass(slots=True, kw_only=True)
class Collect:
    """One round's. nodes: Flower's node of each registration number; asked: after it, how many were."""

    grid: Grid
    books: Books
    nodes: Mapping[int, int]
    seen: Seen
    asked: int = field(default=0, init=False)

    def __call__(self, number: int, vector: Tensor, cohort: NDArray[np.int64]) -> Iterator[Tensor]:
        """As `server.round.Collect`. A place of the draw that nobody is registered for is nobody's."""
        numbers = (int(place) + 1 for place in cohort)
        drawn = [registered for registered in numbers if registered in self.nodes]
        self.asked = len(drawn)
        size = len(self.books.logged.log)
        deadline_s = time.time() + self.books.deployment.round_s
        ends = time.monotonic() + self.books.deployment.round_s
        waiting = self._push(number, vector, drawn, deadline_s)
        self.seen.given(drawn, size)
        self._remember()
        for device, reply in replies(self.grid, waiting, ends):
            update = _readable(reply, size=len(vector))
            if update is not None:
                self.seen.answered(device, size)
                yield update[None]
        self._remember()

    def _remember(self) -> None:
        """A round that has begun does not end for it: what was forgotten is fetched."""
        try:
            self.seen.save(self.books.folder)
        except OSError as error:
            log.warning("round.seen_not_kept cause=%s", type(error).__name__)

    def _push(self, number: int, vector: Tensor, drawn: list[int], deadline_s: float) -> dict[str, int]:
        """The devices by the ids of their messages."""
        parameters = ArrayRecord({PARAMETERS: Array(vector.numpy())})
        told = invitations(self.books, self.seen, drawn, deadline_s=deadline_s)
        contents = ((device, RecordDict({INVITATION: record, PARAMETERS: parameters})) for device, record in told)
        return push(self.grid, self.nodes, contents, number=number, deadline_s=deadline_s)


def invitations(
    books: Books, seen: Seen, drawn: Iterable[int], *, deadline_s: float
) -> Iterator[tuple[int, ConfigRecord]]:
    """Each drawn device's, to the round that was announced last."""
    invitation = books.invitation(deadline_s=int(deadline_s))
    for device in drawn:
        told = replace(invitation, consistency=books.consistency(seen.of(device)))
        yield device, ConfigRecord(told.as_fields())


def push(
    grid: Grid,
    nodes: Mapping[int, int],
    contents: Iterable[tuple[int, RecordDict]],
    *,
    number: int,
    deadline_s: float,
) -> dict[str, int]:
    """Send each device its content; the devices by the ids of their messages, which Flower forgets at the deadline."""
    waiting: dict[str, int] = {}
    left = iter(contents)
    while some := list(islice(left, PUSHED_AT_ONCE)):
        ttl = max(1.0, deadline_s - time.time())
        messages = [Message(content, nodes[device], TRAIN, ttl=ttl, group_id=str(number)) for device, content in some]
        for (device, _), message in zip(some, grid.push_messages(messages), strict=True):
            if message:  # None for a node that Flower does not know any more
                waiting[message] = device
    return waiting


def replies(grid: Grid, waiting: dict[str, int], ends: float) -> Iterator[tuple[int, Message]]:
    """Whose, and what, until all have come or the round is over."""
    came: queue.SimpleQueue[Message] = queue.SimpleQueue()
    pulls: dict[str, threading.Thread] = {}

    def pull(message: str) -> None:
        try:
            for reply in grid.pull_messages([message]):
                came.put(reply)
        except Exception as error:  # whatever a sender can make of a message: it is that sender's alone
            log.warning("round.reply_lost cause=%s", type(error).__name__)

    while waiting and time.monotonic() < ends:
        for message in list(waiting):
            if message in pulls and pulls[message].is_alive():
                continue
            pulls[message] = threading.Thread(target=pull, args=(message,), daemon=True)
            pulls[message].start()
            pulls[message].join(max(0.0, min(PULL_S, ends - time.monotonic())))
            while not came.empty():  # at once, so that one reply is held at a time however many were asked
                reply = came.get()
                device = waiting.pop(reply.metadata.reply_to_message_id, None)
                if device is not None:
                    yield device, reply
        if waiting:
            time.sleep(max(0.0, min(POLL_S, ends - time.monotonic())))


def _readable(reply: Message, *, size: int) -> Tensor | None:
    try:
        return update_in(reply, size=size)
    except (ValueError, TypeError, EOFError, OSError, KeyError) as error:  # an array that is none
        log.warning("round.reply_refused cause=%s", type(error).__name__)
        return None
