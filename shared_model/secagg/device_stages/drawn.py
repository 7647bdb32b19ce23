"""The neighbours are drawn, and their keys come: the device shares both of its secrets among them."""

from dataclasses import dataclass
from typing import ClassVar

from shared_model.secagg.device_stages.shared import Shared
from shared_model.secagg.keys import (
    are_registered,
    compressed,
    keys_signed_by,
    secret_commitment,
    uncompressed,
)
from shared_model.secagg.limits import refused
from shared_model.secagg.messages import Introductions, Kind, Reader, Shares
from shared_model.secagg.own import Own
from shared_model.secagg.sealing import seal, share_commitment
from shared_model.secagg.seat import Seat
from shared_model.secagg.shares import split


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """It believes keys of those that it chose, as far as their nodes are registered and signed them."""

    hears: ClassVar[Kind] = Kind.INTRODUCTIONS
    own: Own
    seat: Seat

    def answer(self, reader: Reader) -> tuple[bytes, Shared]:
        """Both secrets, in shares for the neighbours that this device chose itself."""
        own, seat = self.own, self.seat
        introductions = Introductions.read(reader, devices=seat.devices, chosen=seat.chosen)
        if seat.place in introductions.choosers:
            raise refused("it is said to have chosen itself")
        signing = self._believed(introductions)
        keys = {place: each.announcement.keys for place, each in introductions.chosen.items()}
        sealing = {place: each.sealing for place, each in keys.items()}
        masking = {place: each.masking for place, each in keys.items()}
        for place, (to_seal, to_mask) in introductions.others.items():
            sealing[place], masking[place] = to_seal, to_mask
        public = own.secrets.public()
        known = [*sealing.values(), public.sealing, *masking.values(), public.masking]
        if len(set(known)) < len(known):
            raise refused("two devices have one key")
        holders = sorted(seat.chosen | {seat.place})
        threshold = seat.roster.graph.share_threshold
        points = [place + 1 for place in holders]
        self_mask = split(own.self_mask, points, threshold=threshold)
        masking_key = split(own.secrets.masking.private_bytes_raw(), points, threshold=threshold)
        both = dict(zip(holders, zip(self_mask, masking_key, strict=True), strict=True))
        message = Shares(
            self_mask=secret_commitment(own.self_mask, roster_digest=seat.roster_digest),
            commitments=tuple((share_commitment(one), share_commitment(other)) for one, other in both.values()),
            sealed=tuple(self._sealed(both[place], place, sealing[place]) for place in sorted(seat.chosen)),
        )
        return message.body(), Shared(
            own=own,
            seat=seat,
            choosers=introductions.choosers,
            sealing=sealing,
            masking=masking,
            signing=signing,
            own_share=both[seat.place][0],
        )

    def _believed(self, introductions: Introductions) -> dict[int, bytes]:
        """Signing keys of the neighbours that this device chose, all of whose keys are signed by registered nodes."""
        terms, size = self.own.terms, introductions.registry_size
        signing, spelled, nodes = {}, {compressed(self.own.node_key.public_key())}, {}
        for place, introduced in introductions.chosen.items():
            announcement = introduced.announcement
            try:
                node = uncompressed(introduced.node_key)
            except ValueError as error:
                raise refused("the key of a neighbour is of no node") from error
            number = self.seat.roster.numbers[place]
            if not keys_signed_by(node, announcement.signature, announcement.keys, digest=terms.digest, number=number):
                raise refused("the keys of a neighbour are not signed by its node")
            spelled.add(introduced.node_key)
            nodes[introduced.position] = node
            signing[place] = announcement.keys.signing
        if len(spelled) < len(introductions.chosen) + 1 or len(nodes) < len(introductions.chosen):
            raise refused("one node stands in the list twice")
        root = bytes.fromhex(terms.registry_root)
        if not are_registered(nodes, introductions.proof, size=size, registry_root=root):
            raise refused("the key of a neighbour is not in the registry that was announced")
        return signing

    def _sealed(self, shares: tuple[bytes, bytes], place: int, receiver: bytes) -> bytes:
        seat = self.seat
        pair = (seat.number, seat.roster.numbers[place])
        try:
            return seal(shares, self.own.secrets.sealing, receiver, roster_digest=seat.roster_digest, pair=pair)
        except ValueError as error:
            raise refused("the key of a neighbour is no key") from error
