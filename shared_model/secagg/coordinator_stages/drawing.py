"""Devices draw their neighbours, and are introduced to them."""

from dataclasses import dataclass
from typing import ClassVar

from shared_model.books.multiproof import multiproof
from shared_model.secagg.cohort import Cohort
from shared_model.secagg.coordinator_stages.sharing import Sharing
from shared_model.secagg.coordinator_stages.stage import Messages, require_enough
from shared_model.secagg.messages import Introduced, Introductions, Kind, Malformed, Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Left out in the complete graph, but for the introductions."""

    asks: ClassVar[Kind] = Kind.NEIGHBOURS
    cohort: Cohort
    offenders: set[int]

    def read(self, number: int, reader: Reader) -> None:
        """Places of its neighbours. Raises ValueError."""
        chosen = reader.places(self.cohort.devices)
        reader.end()
        place = self.cohort.places[number]
        if len(chosen) != self.cohort.roster.graph.degree or place in chosen:
            raise Malformed("it chose another number of neighbours, or itself")
        self.cohort.members[place].chosen = chosen

    def close(self, there: frozenset[int]) -> tuple[Messages, Sharing]:
        """To each, keys of its neighbours and of those whose neighbour it is. Raises Aborted."""
        cohort = self.cohort
        require_enough(len(there), of=cohort.devices, terms=cohort.terms, what="drew neighbours")
        for number in there:
            place = cohort.places[number]
            for other in cohort.members[place].chosen:
                cohort.members[other].choosers.add(place)
        messages: Messages = {number: (self._introductions(cohort.places[number]),) for number in there}
        return messages, Sharing(cohort=cohort, offenders=self.offenders)

    def _introductions(self, place: int) -> bytes:
        cohort, member = self.cohort, self.cohort.members[place]
        nodes = {other: cohort.registered[other] for other in member.chosen}
        chosen = {
            other: Introduced(
                node_key=node.node_key, position=node.position, announcement=cohort.members[other].announcement
            )
            for other, node in nodes.items()
        }
        (size,) = {node.size for node in nodes.values()}
        others = {other: cohort.keys_at(other) for other in member.choosers - member.chosen}
        said = Introductions(
            chosen=chosen,
            choosers=frozenset(member.choosers),
            others={other: (keys.sealing, keys.masking) for other, keys in others.items()},
            registry_size=size,
            proof=multiproof({node.position: node.proof for node in nodes.values()}, size=size),
        )
        return cohort.message(Kind.INTRODUCTIONS, said.body(cohort.devices))
