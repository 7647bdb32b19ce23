"""The list is signed, and others' signatures come: the device hands over one share of each, and is done."""

from dataclasses import dataclass, field
from hmac import compare_digest
from typing import ClassVar

from shared_model.secagg.keys import survivors_signed_by
from shared_model.secagg.limits import refused
from shared_model.secagg.messages import Kind, Reader, places_as_bits, read_agreements, read_tags, unmasking_body
from shared_model.secagg.seat import Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """survivors: places on the list that it signed."""

    hears: ClassVar[Kind] = Kind.AGREEMENTS
    seat: Seat
    signing: dict[int, bytes]
    survivors: frozenset[int]
    held: dict[int, tuple[bytes, bytes]] = field(repr=False)
    tagging: frozenset[int]
    tags: dict[int, bytes] = field(repr=False)
    own_share: bytes = field(repr=False)

    def answer(self, reader: Reader) -> tuple[bytes, None]:
        """One share of each: of the self mask's seed of who is in, of the masking key of who was lost.

        None of who is in and does not prove that it masked with this device: else a server could tell it not to, open
        it, and be left with nothing of this device in the sum.
        """
        seat = self.seat
        signatures = read_agreements(reader, devices=seat.devices)
        told = read_tags(reader, self.tagging & self.survivors)
        if not signatures.keys() <= (seat.chosen & self.survivors):
            raise refused("a list was signed by devices that this one did not choose, or that are not in it")
        seat.require_company(frozenset(signatures))
        bits = places_as_bits(self.survivors, seat.devices)
        for place, signature in signatures.items():
            if not survivors_signed_by(
                self.signing[place], signature, roster_digest=seat.roster_digest, survivors=bits
            ):
                raise refused("a neighbour was shown another list of who is in")
        shares = {
            place: self_mask if place in self.survivors else masking_key
            for place, (self_mask, masking_key) in self.held.items()
            if place not in told or compare_digest(told[place], self.tags[place])
        }
        return unmasking_body(shares | {seat.place: self.own_share}, seat.devices), None
