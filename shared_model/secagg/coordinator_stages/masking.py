"""Devices send their masked vectors, which are summed as they come; those that did are in."""

from dataclasses import dataclass
from typing import ClassVar

from shared_model.secagg.cohort import Cohort
from shared_model.secagg.coordinator_stages.agreeing import Agreeing
from shared_model.secagg.coordinator_stages.stage import Messages, require_enough
from shared_model.secagg.masking import MaskedSum
from shared_model.secagg.messages import Kind, Reader, places_as_bits, read_tags
from shared_model.secagg.packing import packed_bytes, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Masking:
    """sharers: places of all that shared their secrets; total: what was summed, all of it masked."""

    asks: ClassVar[Kind] = Kind.MASKED
    cohort: Cohort
    offenders: set[int]
    sharers: frozenset[int]
    total: MaskedSum

    @classmethod
    def of(cls, cohort: Cohort, *, sharers: frozenset[int], offenders: set[int]) -> "Masking":
        """Before anything was summed."""
        total = MaskedSum(cohort.terms.size, modulus_bits=cohort.terms.parameters.modulus_bits)
        return cls(cohort=cohort, offenders=offenders, sharers=sharers, total=total)

    def read(self, number: int, reader: Reader) -> None:
        """A vector and, where neighbours are drawn, a tag for each that the device masked with. Raises ValueError."""
        cohort, terms = self.cohort, self.cohort.terms
        bits, member = terms.parameters.modulus_bits, cohort.members[cohort.places[number]]
        vector = reader.take(packed_bytes(terms.size, bits))
        included = read_tags(reader, cohort.roster.graph.tagged(member.chosen & self.sharers))
        self.total.add(unpack(vector, terms.size, bits=bits))
        member.included = included

    def close(self, there: frozenset[int]) -> tuple[Messages, Agreeing]:
        """To each, the list of who is in. Raises Aborted."""
        cohort = self.cohort
        require_enough(len(there), of=cohort.devices, terms=cohort.terms, what="sent a masked vector")
        survivors = cohort.places_of(there)
        told = cohort.message(Kind.SURVIVORS, places_as_bits(survivors, cohort.devices))
        agreeing = Agreeing(
            cohort=cohort, offenders=self.offenders, sharers=self.sharers, total=self.total, survivors=survivors
        )
        return dict.fromkeys(there, (told,)), agreeing
