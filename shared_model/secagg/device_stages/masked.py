"""The masked vector is sent, and the list of who is in comes: the device signs it, and no other."""

from dataclasses import dataclass, field
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared_model.secagg.device_stages.agreed import Agreed
from shared_model.secagg.keys import sign_survivors
from shared_model.secagg.limits import refused
from shared_model.secagg.messages import Kind, Reader, places_as_bits
from shared_model.secagg.seat import Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """sharers: places of all that shared their secrets; held: the two shares of each of them that it holds;
    tagging: those that chose it, in a drawn graph; tags: by which it knows that they masked with it."""

    hears: ClassVar[Kind] = Kind.SURVIVORS
    seat: Seat
    sign: Ed25519PrivateKey = field(repr=False)
    signing: dict[int, bytes]
    sharers: frozenset[int]
    held: dict[int, tuple[bytes, bytes]] = field(repr=False)
    tagging: frozenset[int]
    tags: dict[int, bytes] = field(repr=False)
    own_share: bytes = field(repr=False)

    def answer(self, reader: Reader) -> tuple[bytes, Agreed]:
        """A signature under the one list of who is in that this device will ever sign."""
        seat = self.seat
        survivors = reader.places(seat.devices)
        reader.end()
        if seat.place not in survivors:
            raise refused("it is said to be lost")
        if not survivors <= self.sharers:
            raise refused("the list of who is in has devices that were not in the list of those that shared")
        if len(survivors) < seat.least_survivors:
            raise refused(f"a sum of {len(survivors)} devices, which are too few, is not opened")
        seat.require_company(survivors)
        bits = places_as_bits(survivors, seat.devices)
        signature = sign_survivors(self.sign, roster_digest=seat.roster_digest, survivors=bits)
        agreed = Agreed(
            seat=seat,
            signing=self.signing,
            survivors=survivors,
            held=self.held,
            tagging=self.tagging,
            tags=self.tags,
            own_share=self.own_share,
        )
        return signature, agreed
