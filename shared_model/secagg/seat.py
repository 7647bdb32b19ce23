"""A device's place in a round's roster, and the neighbours that it drew there."""

from dataclasses import dataclass, field

from shared_model.secagg.limits import refused
from shared_model.secagg.messages import Roster
from shared_model.secagg.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """number: of the device's registration; place: of it in the roster; chosen: places of its neighbours.

    roster_digest: what every later key, seal and signature is bound to.
    """

    terms: Terms
    roster: Roster
    number: int
    place: int
    chosen: frozenset[int]
    roster_digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "roster_digest", self.roster.digest(self.terms.digest))

    @property
    def devices(self) -> int:
        """n, in the roster."""
        return self.roster.graph.devices

    @property
    def least_survivors(self) -> int:
        """How many of them must stay."""
        return self.terms.parameters.least_survivors(self.devices)

    def require_company(self, places: frozenset[int]) -> None:
        """As many of the neighbours that it chose as open a secret together with it. What others chose proves nothing:
        a server's own devices can all choose one. Raises Refused."""
        if len(self.chosen & places) + 1 < self.roster.graph.share_threshold:
            raise refused("too few of the neighbours that it chose are still there")
