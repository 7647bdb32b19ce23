"""The keys are given, and the roster comes: the device draws its neighbours."""

from dataclasses import dataclass
from typing import ClassVar

from shared_model.secagg.device_stages.drawn import Drawn
from shared_model.secagg.graph import draw_neighbours
from shared_model.secagg.limits import refused
from shared_model.secagg.messages import Kind, Reader, Roster, places_as_bits
from shared_model.secagg.own import Own
from shared_model.secagg.seat import Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """By its own randomness, in a graph whose chances it computes itself."""

    hears: ClassVar[Kind] = Kind.ROSTER
    own: Own

    def answer(self, reader: Reader) -> tuple[bytes, Drawn]:
        """Places of its neighbours."""
        roster = Roster.read(reader)
        self._require_safe(roster)
        own = self.own
        place = roster.numbers.index(own.number)
        chosen = draw_neighbours(roster.graph, place)
        seat = Seat(terms=own.terms, roster=roster, number=own.number, place=place, chosen=chosen)
        return places_as_bits(chosen, seat.devices), Drawn(own=own, seat=seat)

    def _require_safe(self, roster: Roster) -> None:
        graph, parameters, limits = roster.graph, self.own.terms.parameters, self.own.limits
        if self.own.number not in roster.numbers:
            raise refused("it is not in the list of those that gave keys")
        if graph.devices < max(limits.smallest_cohort, parameters.least_survivors(graph.devices)):
            raise refused(f"{graph.devices} devices gave keys, which are too few for this round or for this device")
        if graph.devices > parameters.most:
            raise refused(f"{graph.devices} devices gave keys, more than a sum has room for")
        if graph.honest_in_a_sum(parameters) < max(parameters.honest, limits.smallest_honest):
            raise refused("its graph cannot keep as many honest devices in a sum as were announced")
        failure = graph.log2_secrecy_failure(parameters.dishonest)
        if not failure <= limits.log2_secrecy_failure:
            raise refused(
                f"its graph of degree {graph.degree} and threshold {graph.share_threshold} is open to the server with "
                f"a chance of 2^{failure:.1f}"
            )
