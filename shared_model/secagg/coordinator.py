"""The coordinator's side of one round: it carries keys and sealed shares, adds masked vectors, and opens their sum.

Devices are lost at any stage; what one of them says that cannot be used is dropped with that device, and the stage goes
on. Below the threshold the round is aborted, and nothing of it is ever known: what has been summed is masked.

Letters: d numbers, n devices in the roster.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from shared_model.secagg.coordinator_stages.gathering import Gathering
from shared_model.secagg.coordinator_stages.stage import Aborted, Messages, Stage
from shared_model.secagg.coordinator_stages.unmasking import Unmasking
from shared_model.secagg.keys import Registered
from shared_model.secagg.messages import Kind, Malformed, Reader, kind_of
from shared_model.secagg.terms import Terms

__all__ = ["Aborted", "Coordinator", "Messages", "Rejected"]


class Rejected(ValueError):
    """One message that is not used: late, doubled, of nobody who was asked, or no message. The round goes on."""


class Coordinator:
    """One round. `receive` what comes, `close` the stage when all have answered or time is up; and so on until `sum`
    is there."""

    def __init__(self, terms: Terms, registered: Mapping[int, Registered]) -> None:
        """registered: who may take part, by registration number."""
        self._digest = terms.digest
        self._asked = frozenset(registered)
        self._answered: set[int] = set()
        self.offenders: set[int] = set()
        """Registration numbers of devices that said what no honest device says."""
        self._stage: Stage | None = Gathering(terms=terms, registered=registered, offenders=self.offenders)
        self.sum: NDArray[np.uint64] | None = None
        """(d,) uint64 modulo 2^modulus_bits, when the round is over."""
        self.summed = 0
        """How many devices are in the sum."""

    @property
    def waiting(self) -> frozenset[int]:
        """Registration numbers of devices that were asked and have not answered in this stage."""
        return self._asked - self._answered

    @property
    def stage(self) -> Kind | None:
        """What devices are to say now; None when the round is over."""
        return None if self._stage is None else self._stage.asks

    def receive(self, number: int, content: bytes) -> None:
        """One message of the device registered as `number`, whose name is proved by what carried it.

        Raises Rejected where it is not used; a device that sent what no honest one sends is dropped from the round.
        """
        if self._stage is None or number not in self._asked:
            raise Rejected("it comes from a device that was not asked")
        if number in self._answered:
            raise Rejected("it has answered already")
        try:
            kind = kind_of(content, digest=self._digest)
            if kind < self._stage.asks and kind % 2:
                raise Rejected("it is late: its stage is over")
            if kind is not self._stage.asks:
                raise Malformed("it is not what was asked for")
            self._stage.read(number, Reader(content))
        except ValueError as error:
            if not isinstance(error, Rejected):
                self._asked -= {number}
                self.offenders.add(number)
            raise error if isinstance(error, Rejected) else Rejected(str(error)) from error
        self._answered.add(number)

    def close(self) -> Messages:
        """End the stage with what came; what to send next, by registration number; nothing when `sum` is there.

        Raises Aborted where too few are left.
        """
        closed, there = self._stage, frozenset(self._answered)
        assert closed is not None
        self._answered, self._stage = set(), None  # and None it stays where the round is aborted
        messages, self._stage = closed.close(there)
        if isinstance(closed, Unmasking):
            self.summed, self.sum = len(closed.survivors), closed.total.reduced()
        self._asked = frozenset(messages)
        return messages
