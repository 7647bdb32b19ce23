"""Consent as values: what needs one takes it as an argument, so that it cannot be called without (requirement 29).

Only a receipt that says yes makes one, and `client.consent.consents` alone reads receipts.
"""

from dataclasses import dataclass
from typing import ClassVar

from client.consent.purpose import WORDINGS, Purpose
from shared_model.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One decision. granted: False for a withdrawal; at_s: Unix seconds."""

    purpose: Purpose
    granted: bool
    wording_version: int
    wording_sha256: str
    at_s: int

    @property
    def is_in_force(self) -> bool:
        """Whether it says yes to the words of today. Of receipts of one purpose only the last is to be asked."""
        wording = WORDINGS[self.purpose]
        return self.granted and (self.wording_version, self.wording_sha256) == (wording.version, wording.sha256)


@dataclass(frozen=True, slots=True)
class Consent:
    """Proof that the listener agreed. Raises Refused when made of a receipt that does not say so."""

    receipt: Receipt
    purpose: ClassVar[Purpose]

    def __post_init__(self) -> None:
        if self.receipt.purpose is not self.purpose or not self.receipt.is_in_force:
            raise Refused(f"consent: the receipt does not grant {self.purpose}; nothing was done")


class ListeningConsent(Consent):
    """To learn from listening: recommending and local tuning ask for it, and so does a round."""

    __slots__ = ()
    purpose = Purpose.LISTENING


class MoodConsent(Consent):
    """To use mood answers."""

    __slots__ = ()
    purpose = Purpose.MOOD


class RoundsConsent(Consent):
    """To take part in rounds."""

    __slots__ = ()
    purpose = Purpose.ROUNDS


class LookupConsent(Consent):
    """To look up lyrics online."""

    __slots__ = ()
    purpose = Purpose.LOOKUP
