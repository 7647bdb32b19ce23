"""Devices sign the list of who is in, and are shown their neighbours' signatures."""

from dataclasses import dataclass, field
from typing import ClassVar

from shared_model.secagg.cohort import Cohort
from shared_model.secagg.coordinator_stages.stage import Messages, require_enough
from shared_model.secagg.coordinator_stages.unmasking import Unmasking
from shared_model.secagg.keys import survivors_signed_by
from shared_model.secagg.masking import MaskedSum
from shared_model.secagg.messages import (
    SURVIVOR_SIGNATURE_BYTES,
    Kind,
    Malformed,
    Reader,
    agreements_body,
    places_as_bits,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreeing:
    """survivors: places of all that are in."""

    asks: ClassVar[Kind] = Kind.AGREEMENT
    cohort: Cohort
    offenders: set[int]
    sharers: frozenset[int]
    total: MaskedSum
    survivors: frozenset[int]
    _signatures: dict[int, bytes] = field(default_factory=dict, init=False)

    def read(self, number: int, reader: Reader) -> None:
        """A signature under that list. Raises ValueError."""
        cohort = self.cohort
        signature = reader.take(SURVIVOR_SIGNATURE_BYTES)
        reader.end()
        place = cohort.places[number]
        bits = places_as_bits(self.survivors, cohort.devices)
        if not survivors_signed_by(
            cohort.keys_at(place).signing, signature, roster_digest=cohort.roster_digest, survivors=bits
        ):
            raise Malformed("it did not sign the list that it was sent")
        self._signatures[place] = signature

    def close(self, there: frozenset[int]) -> tuple[Messages, Unmasking]:
        """To each, signatures of its neighbours, and tags of those that chose it. Raises Aborted."""
        cohort = self.cohort
        require_enough(len(there), of=1, terms=cohort.terms, what="agreed to the list of who is in")
        messages: Messages = {}
        for number in there:
            place = cohort.places[number]
            member = cohort.members[place]
            signed = {other: self._signatures[other] for other in member.chosen & self._signatures.keys()}
            tagging = sorted(cohort.roster.graph.tagged(self.survivors & member.choosers))
            tags = b"".join(cohort.members[other].included[place] for other in tagging)
            messages[number] = (cohort.message(Kind.AGREEMENTS, agreements_body(signed, cohort.devices) + tags),)
        return messages, Unmasking(
            cohort=cohort,
            offenders=self.offenders,
            sharers=self.sharers,
            total=self.total,
            survivors=self.survivors,
        )
