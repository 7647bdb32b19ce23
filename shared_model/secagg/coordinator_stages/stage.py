"""What all stages of the coordinator have in common, and the two ways in which one goes wrong."""

from typing import Protocol

from shared_model.errors import SottovoceError
from shared_model.secagg.messages import Kind, Reader
from shared_model.secagg.terms import Terms

Messages = dict[int, tuple[bytes, ...]]
"""What to send, by registration number: messages that are read one after the other, and answered once."""


class Aborted(SottovoceError):
    """A round that cannot be opened, nor ever will be."""


class Stage(Protocol):
    """A round has six, and is at one of them."""

    @property
    def asks(self) -> Kind:
        """The one kind of message that devices say at it."""

    def read(self, number: int, reader: Reader) -> None:
        """What the device registered as `number` says. Raises ValueError where no honest device says so."""

    def close(self, there: frozenset[int]) -> tuple[Messages, "Stage | None"]:
        """What to send after it, and the stage in which that is answered. there: numbers of those that said something.

        Raises Aborted where too few are left."""


def require_enough(there: int, *, of: int, terms: Terms, what: str) -> None:
    """Raises Aborted where fewer than must stay, `of` so many devices, did `what`."""
    least = terms.parameters.least_survivors(of)
    if there < least:
        raise Aborted(
            f"secure aggregation: {there} devices {what}, and fewer than {least} are never summed; the round is "
            "aborted, and nothing of it is known"
        )
