"""One securely aggregated round over Flower's messages: stage after stage under one deadline, and the sum at the end.

A device that answers with anything but what its stage is for is dropped at that stage, and the others go on.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.serverapp import Grid
from numpy.typing import NDArray
from torch import Tensor

from server.deployment.books import Books
from server.deployment.collect import invitations, push, replies
from server.deployment.registered import RegisteredNodes
from server.deployment.seen import Seen
from shared_model.books.merkle import leaf_hash
from shared_model.books.round_log import Intent, decode_leaf
from shared_model.reply import INVITATION, MESSAGES, NUMBER, PARAMETERS, SECAGG
from shared_model.secagg.coordinator import Aborted, Coordinator, Rejected
from shared_model.secagg.messages import Kind
from shared_model.secagg.offenders import read_offenders
from shared_model.secagg.terms import Terms

log = logging.getLogger(__name__)
TRAINING_SHARE = 0.6
"""Of a round's time, at most, until the keys are there, which come with the update; the stages after it share the
rest, each an equal part of what is left."""
_STAGES = tuple(Kind(number) for number in range(Kind.KEYS, Kind.UNMASKING + 1, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """sum: (D,) uint64 modulo 2^modulus_bits of the vectors of `devices`."""

    sum: NDArray[np.uint64]
    devices: int


@dataclass(slots=True, kw_only=True)
class SecureCollect:
    """One round's. registered: who was in the registry when the round was announced; size: D numbers of a vector, of
    which the released ones are a part; asked, bytes_up: after it, how many were invited, and what they sent."""

    grid: Grid
    books: Books
    nodes: Mapping[int, int]
    registered: RegisteredNodes
    seen: Seen
    size: int
    asked: int = field(default=0, init=False)
    bytes_up: int = field(default=0, init=False)

    def sum(self, number: int, vector: Tensor, cohort: Iterable[int]) -> Opened | None:
        """None where the round was aborted, of which nothing is known then. vector: (d,) float32, what devices train
        from; cohort: places of the draw, as in `server.round.Collect`."""
        offenders = read_offenders(self._offenders)
        numbers = (int(place) + 1 for place in cohort)
        drawn = [each for each in numbers if each in self.nodes and each in self.registered.proofs]
        drawn = [each for each in drawn if offenders.may_be_invited(each)]
        self.asked = len(drawn)
        coordinator = Coordinator(self._terms(), {each: self.registered.proofs[each] for each in drawn})
        try:
            self._hold(coordinator, number, vector, drawn)
        except Aborted as aborted:
            log.info("round.aborted reason=%s", aborted)
        if coordinator.offenders:
            offenders.record(coordinator.offenders)
            self._keep(lambda: offenders.save(self._offenders))
        return None if coordinator.sum is None else Opened(sum=coordinator.sum, devices=coordinator.summed)

    def _hold(self, coordinator: Coordinator, number: int, vector: Tensor, drawn: list[int]) -> None:
        ends = time.time() + self.books.deployment.round_s
        size = len(self.books.logged.log)
        contents = self._invited(vector, drawn, deadline_s=ends)
        while (stage := coordinator.stage) is not None:
            stage_ends = _end_of(stage, now=time.time(), ends=ends)
            waiting = push(self.grid, self.nodes, contents, number=number, deadline_s=stage_ends)
            if stage is Kind.KEYS:
                self.seen.given(drawn, size)
            for device, reply in replies(self.grid, waiting, time.monotonic() + stage_ends - time.time()):
                message = _message_in(reply)
                if message is None:
                    continue
                self.bytes_up += len(message)
                try:
                    coordinator.receive(device, message)
                except Rejected as rejected:
                    log.warning("round.message_rejected stage=%s reason=%s", stage.name.lower(), rejected)
                    continue
                if stage is Kind.KEYS:
                    self.seen.answered(device, size)
            if stage is Kind.KEYS:
                self._keep(lambda: self.seen.save(self.books.folder))
            contents = _told(coordinator.close())

    def _invited(self, vector: Tensor, drawn: list[int], *, deadline_s: float) -> Iterator[tuple[int, RecordDict]]:
        parameters = ArrayRecord({PARAMETERS: Array(vector.numpy())})
        for device, invitation in invitations(self.books, self.seen, drawn, deadline_s=deadline_s):
            yield (
                device,
                RecordDict({INVITATION: invitation, PARAMETERS: parameters, SECAGG: ConfigRecord({NUMBER: device})}),
            )

    def _terms(self) -> Terms:
        """Those of the intent, which is the log's last leaf."""
        leaf = self.books.invitation(deadline_s=0).leaf
        intent = decode_leaf(leaf, what="round log, intent")
        assert isinstance(intent, Intent)
        assert intent.secagg is not None
        assert intent.registry_root == self.registered.root
        return Terms(
            run=intent.run,
            round=intent.round,
            intent_sha256=leaf_hash(leaf).hex(),
            registry_root=self.registered.root,
            size=self.size,
            parameters=intent.secagg,
        )

    def _keep(self, save: Callable[[], None]) -> None:
        """A round that has begun does not end for it: what was forgotten is fetched, or caught, again."""
        try:
            save()
        except OSError as error:
            log.warning("round.not_kept cause=%s", type(error).__name__)

    @property
    def _offenders(self) -> Path:
        return self.books.folder / "offenders.json"


def _end_of(stage: Kind, *, now: float, ends: float) -> float:
    left = max(0.0, ends - now)
    if stage is Kind.KEYS:
        return now + TRAINING_SHARE * left
    return now + left / sum(each >= stage for each in _STAGES)


def _told(messages: Mapping[int, tuple[bytes, ...]]) -> Iterator[tuple[int, RecordDict]]:
    for device, contents in messages.items():
        yield device, RecordDict({SECAGG: ConfigRecord({MESSAGES: list(contents)})})


def _message_in(reply: Message) -> bytes | None:
    """None where it declined, or said anything else."""
    if not reply.has_content() or set(reply.content) != {SECAGG}:
        return None
    record = reply.content[SECAGG]
    said = record.get(MESSAGES) if isinstance(record, ConfigRecord) and set(record) == {MESSAGES} else None
    if not isinstance(said, list) or len(said) != 1 or type(said[0]) is not bytes:
        return None
    return said[0]
