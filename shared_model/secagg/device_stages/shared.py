"""The secrets are shared, and others' shares come: the device masks its vector."""

from dataclasses import dataclass, field
from typing import ClassVar

from shared_model.secagg.device_stages.masked import Masked
from shared_model.secagg.keys import inclusion_tag, pairwise_seed
from shared_model.secagg.limits import refused
from shared_model.secagg.masking import MaskedSum
from shared_model.secagg.messages import Delivery, Kind, Reader
from shared_model.secagg.own import Own
from shared_model.secagg.packing import pack
from shared_model.secagg.sealing import unseal
from shared_model.secagg.seat import Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """choosers: places of those that chose this device; sealing, masking: their keys and those of its neighbours, by
    place; signing: its neighbours' alone; own_share: of the seed of its own mask, which it holds itself."""

    hears: ClassVar[Kind] = Kind.DELIVERY
    own: Own
    seat: Seat
    choosers: frozenset[int]
    sealing: dict[int, bytes]
    masking: dict[int, bytes]
    signing: dict[int, bytes]
    own_share: bytes = field(repr=False)

    def answer(self, reader: Reader) -> tuple[bytes, Masked]:
        """The vector under its own mask and one with every neighbour that handed out shares, and in a drawn graph a tag
        for each of them that it chose: they help to open it as far as it is masked with them."""
        seat = self.seat
        delivery = Delivery.read(reader, devices=seat.devices, choosers=self.choosers)
        if seat.place not in delivery.sharers:
            raise refused("it is said not to have shared its secrets")
        if len(delivery.sharers) < seat.least_survivors:
            raise refused("too few devices shared their secrets")
        seat.require_company(delivery.sharers)
        vector, held = self._masked(delivery.sharers), self._opened(delivery.sealed)
        graph, number, numbers = seat.roster.graph, seat.number, seat.roster.numbers
        included = (
            self._tag(place, (number, numbers[place])) for place in sorted(graph.tagged(seat.chosen & delivery.sharers))
        )
        return vector + b"".join(included), Masked(
            seat=seat,
            sign=self.own.secrets.signing,
            signing=self.signing,
            sharers=delivery.sharers,
            held=held,
            tagging=graph.tagged(frozenset(delivery.sealed)),
            tags={place: self._tag(place, (numbers[place], number)) for place in sorted(graph.tagged(frozenset(held)))},
            own_share=self.own_share,
        )

    def _tag(self, place: int, pair: tuple[int, int]) -> bytes:
        digest = self.seat.roster_digest
        return inclusion_tag(self.own.secrets.sealing, self.sealing[place], roster_digest=digest, pair=pair)

    def _opened(self, delivered: dict[int, bytes]) -> dict[int, tuple[bytes, bytes]]:
        held = {}
        for place, sealed in delivered.items():
            pair = (self.seat.roster.numbers[place], self.seat.number)
            shares = unseal(
                sealed,
                self.own.secrets.sealing,
                self.sealing[place],
                roster_digest=self.seat.roster_digest,
                pair=pair,
            )
            if shares is not None:  # else that device harms none but itself
                held[place] = shares
        return held

    def _masked(self, sharers: frozenset[int]) -> bytes:
        seat, terms = self.seat, self.own.terms
        total = MaskedSum(terms.size, modulus_bits=terms.parameters.modulus_bits)
        total.add(self.own.vector)
        total.add_mask(self.own.self_mask)
        for place in sorted((seat.chosen | self.choosers) & sharers):
            pair = (seat.number, seat.roster.numbers[place])
            try:
                seed = pairwise_seed(
                    self.own.secrets.masking, self.masking[place], roster_digest=seat.roster_digest, pair=pair
                )
            except ValueError as error:
                raise refused("the key of a neighbour is no key") from error
            if pair[0] < pair[1]:
                total.add_mask(seed)
            else:
                total.subtract_mask(seed)
        return pack(total.reduced(), bits=terms.parameters.modulus_bits)
