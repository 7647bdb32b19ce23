"""Devices share their secrets among their neighbours, who get the sealed shares."""

from dataclasses import dataclass
from typing import ClassVar

from shared_model.secagg.cohort import Cohort
from shared_model.secagg.coordinator_stages.masking import Masking
from shared_model.secagg.coordinator_stages.stage import Messages, require_enough
from shared_model.secagg.messages import Delivery, Kind, Reader, Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What is sealed is carried, and not read."""

    asks: ClassVar[Kind] = Kind.SHARES
    cohort: Cohort
    offenders: set[int]

    def read(self, number: int, reader: Reader) -> None:
        """Commitments and sealed shares. Raises ValueError."""
        member = self.cohort.members[self.cohort.places[number]]
        member.shares = Shares.read(reader, degree=self.cohort.roster.graph.degree)

    def close(self, there: frozenset[int]) -> tuple[Messages, Masking]:
        """To each, who shared, and the shares for it. Raises Aborted."""
        cohort = self.cohort
        require_enough(len(there), of=cohort.devices, terms=cohort.terms, what="shared their secrets")
        sharers = cohort.places_of(there)
        sealed_for: list[dict[int, bytes]] = [{} for _ in cohort.members]
        for dealer in sharers:
            member = cohort.members[dealer]
            assert member.shares is not None
            for holder, sealed in zip(sorted(member.chosen), member.shares.sealed, strict=True):
                sealed_for[holder][dealer] = sealed
        messages: Messages = {}
        for number in there:
            delivery = Delivery(sharers=sharers, sealed=sealed_for[cohort.places[number]])
            messages[number] = (cohort.message(Kind.DELIVERY, delivery.body(cohort.devices)),)
        return messages, Masking.of(cohort, sharers=sharers, offenders=self.offenders)
