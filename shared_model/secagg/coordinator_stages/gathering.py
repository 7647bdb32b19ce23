"""Devices give their keys; those that did are the roster."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from shared_model.secagg.cohort import Cohort
from shared_model.secagg.coordinator_stages.drawing import Drawing
from shared_model.secagg.coordinator_stages.sharing import Sharing
from shared_model.secagg.coordinator_stages.stage import Aborted, Messages, require_enough
from shared_model.secagg.graph import plan_graph
from shared_model.secagg.keys import Registered, keys_signed_by
from shared_model.secagg.messages import Announcement, Kind, Malformed, Reader, Roster
from shared_model.secagg.opening import Member
from shared_model.secagg.terms import Terms


@dataclass(slots=True, kw_only=True)
class Gathering:
    """registered: who may take part, by registration number; offenders: whom later stages name."""

    asks: ClassVar[Kind] = Kind.KEYS
    terms: Terms
    registered: Mapping[int, Registered]
    offenders: set[int]
    _announced: dict[int, Announcement] = field(default_factory=dict, init=False)

    def read(self, number: int, reader: Reader) -> None:
        """Keys, signed by the node. Raises ValueError."""
        announcement = Announcement.read(reader)
        reader.end()
        node = self.registered[number].key(registry_root=bytes.fromhex(self.terms.registry_root))
        signature, keys = announcement.signature, announcement.keys
        if not keys_signed_by(node, signature, keys, digest=self.terms.digest, number=number):
            raise Malformed("its keys are not signed by its node")
        self._announced[number] = announcement

    def close(self, there: frozenset[int]) -> tuple[Messages, Drawing | Sharing]:
        """The roster; where all are neighbours, with everybody's keys at once. Raises Aborted."""
        numbers, parameters = tuple(sorted(there)), self.terms.parameters
        require_enough(len(numbers), of=max(len(numbers), 1), terms=self.terms, what="gave keys")
        if len(numbers) > parameters.most:
            raise Aborted(
                f"secure aggregation: {len(numbers)} devices gave keys, more than a sum has room for; the round is "
                "aborted, and nothing of it is known"
            )
        cohort = Cohort(
            terms=self.terms,
            roster=Roster(graph=plan_graph(len(numbers), parameters), numbers=numbers),
            registered=tuple(self.registered[number] for number in numbers),
            members=tuple(Member(announcement=self._announced[number]) for number in numbers),
        )
        roster = cohort.message(Kind.ROSTER, cohort.roster.body())
        drawing = Drawing(cohort=cohort, offenders=self.offenders)
        if not cohort.roster.graph.is_complete:
            return dict.fromkeys(numbers, (roster,)), drawing
        everyone = frozenset(range(cohort.devices))
        for place, member in enumerate(cohort.members):
            member.chosen = everyone - {place}
        introductions, sharing = drawing.close(there)
        return {number: (roster, *introductions[number]) for number in numbers}, sharing
