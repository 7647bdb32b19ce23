"""Everybody in a round's roster, as the coordinator knows them."""

from dataclasses import dataclass, field

from shared_model.secagg.keys import Registered, RoundKeys
from shared_model.secagg.messages import Kind, Roster, wrap
from shared_model.secagg.opening import Member
from shared_model.secagg.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """registered: nodes, and members: what they said and what was said of them, both by place; places: by registration
    number.

    roster_digest: what every key, seal and signature after the roster is bound to.
    """

    terms: Terms
    roster: Roster
    registered: tuple[Registered, ...]
    members: tuple[Member, ...]
    places: dict[int, int] = field(init=False)
    roster_digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", {number: place for place, number in enumerate(self.roster.numbers)})
        object.__setattr__(self, "roster_digest", self.roster.digest(self.terms.digest))

    @property
    def devices(self) -> int:
        """n."""
        return self.roster.graph.devices

    def keys_at(self, place: int) -> RoundKeys:
        """Of that device."""
        return self.members[place].announcement.keys

    def places_of(self, numbers: frozenset[int]) -> frozenset[int]:
        """By registration numbers."""
        return frozenset(self.places[number] for number in numbers)

    def message(self, kind: Kind, body: bytes) -> bytes:
        """Of this round."""
        return wrap(kind, self.terms.digest, body)
