"""What all stages of a device have in common."""

from typing import Protocol

from shared_model.secagg.messages import Kind, Reader


class Stage(Protocol):
    """A device is at one of six, until its part in the round is over."""

    @property
    def hears(self) -> Kind:
        """The one kind of message that is answered at it."""

    def answer(self, reader: Reader) -> tuple[bytes, "Stage | None"]:
        """The body of the answer, and the stage after it, None after the last. Raises Refused for what is not to be
        answered, Malformed for what cannot be read."""
