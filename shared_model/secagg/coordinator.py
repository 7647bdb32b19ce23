"""The coordinator's side of one round: it carries keys and sealed shares, adds masked vectors, and opens their sum.

Devices are lost at any stage; what one of them says that cannot be used is dropped with that device, and the stage goes
on. Below the threshold the round is aborted, and nothing of it is ever known: what has been summed is masked.

Letters: d numbers, n devices in the roster.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from numpy.typing import NDArray

from shared_model.books.multiproof import multiproof
from shared_model.errors import SottovoceError
from shared_model.secagg.graph import plan_graph
from shared_model.secagg.keys import (
    Registered,
    RoundKeys,
    keys_signed_by,
    pairwise_seed,
    survivors_signed_by,
)
from shared_model.secagg.masking import MaskedSum
from shared_model.secagg.messages import (
    Announcement,
    Delivery,
    Introduced,
    Introductions,
    Kind,
    Malformed,
    Reader,
    Roster,
    Shares,
    agreements_body,
    kind_of,
    places_as_bits,
    read_unmasking,
    wrap,
)
from shared_model.secagg.opening import Member, NotThatSecret, is_committed, secret_of
from shared_model.secagg.packing import unpack
from shared_model.secagg.terms import Terms

_SURVIVOR_SIGNATURE_BYTES = 64
Messages = dict[int, tuple[bytes, ...]]
"""What to send, by registration number: messages that are read one after the other, and answered once."""


class Aborted(SottovoceError):
    """A round that cannot be opened, nor ever will be."""


class Rejected(ValueError):
    """One message that is not used: late, doubled, of nobody who was asked, or no message. The round goes on."""


class Coordinator:
    """One round. `receive` what comes, `close` the stage when all have answered or time is up; and so on until `sum`
    is there."""

    def __init__(self, terms: Terms, registered: Mapping[int, Registered]) -> None:
        """registered: who may take part, by registration number."""
        self._terms, self._registered = terms, registered
        self._digest = terms.digest
        self._root = bytes.fromhex(terms.registry_root)
        self._stage: Kind | None = Kind.KEYS
        self._asked = frozenset(registered)
        self._answered: set[int] = set()
        self._announced: dict[int, Announcement] = {}
        self._members: list[Member] = []
        self._places: dict[int, int] = {}
        self._survivors: frozenset[int] = frozenset()
        self._signatures: dict[int, bytes] = {}
        self._total = MaskedSum(terms.size, modulus_bits=terms.parameters.modulus_bits)
        self.offenders: set[int] = set()
        """Registration numbers of devices that said what no honest device says."""
        self.sum: NDArray[np.uint64] | None = None
        """(d,) uint64 modulo 2^modulus_bits, when the round is over."""

    @property
    def waiting(self) -> frozenset[int]:
        """Registration numbers of devices that were asked and have not answered in this stage."""
        return self._asked - self._answered

    @property
    def stage(self) -> Kind | None:
        """What devices are to say now; None when the round is over."""
        return self._stage

    @property
    def summed(self) -> int:
        """How many devices are in the sum."""
        return len(self._survivors)

    def receive(self, number: int, content: bytes) -> None:
        """One message of the device registered as `number`, whose name is proved by what carried it.

        Raises Rejected where it is not used; a device that sent what no honest one sends is dropped from the round.
        """
        if self._stage is None or number not in self._asked:
            raise Rejected("it comes from a device that was not asked")
        if number in self._answered:
            raise Rejected("it has answered already")
        try:
            kind = kind_of(content, digest=self._digest)
            if kind < self._stage and kind % 2:
                raise Rejected("it is late: its stage is over")
            if kind is not self._stage:
                raise Malformed("it is not what was asked for")
            self._readers()[kind](number, Reader(content))
        except ValueError as error:
            if not isinstance(error, Rejected):
                self._asked -= {number}
                self.offenders.add(number)
            raise error if isinstance(error, Rejected) else Rejected(str(error)) from error
        self._answered.add(number)

    def close(self) -> Messages:
        """End the stage with what came; what to send next, by registration number; nothing when `sum` is there.

        Raises Aborted where too few are left.
        """
        assert self._stage is not None
        there = frozenset(self._answered)
        self._answered = set()
        closing: dict[Kind, Callable[[frozenset[int]], Messages]] = {
            Kind.KEYS: self._make_roster,
            Kind.NEIGHBOURS: self._introduce,
            Kind.SHARES: self._deliver,
            Kind.MASKED: self._tell_survivors,
            Kind.AGREEMENT: self._show_agreements,
            Kind.UNMASKING: self._open,
        }
        try:
            messages = closing[self._stage](there)
        except Aborted:
            self._stage = None
            raise
        self._asked = frozenset(messages)
        return messages

    def _readers(self) -> dict[Kind, Callable[[int, Reader], None]]:
        return {
            Kind.KEYS: self._keys,
            Kind.NEIGHBOURS: self._neighbours,
            Kind.SHARES: self._shares,
            Kind.MASKED: self._masked,
            Kind.AGREEMENT: self._agreement,
            Kind.UNMASKING: self._unmasking,
        }

    # what devices say

    def _keys(self, number: int, reader: Reader) -> None:
        announcement = Announcement.read(reader)
        reader.end()
        node = self._registered[number].key(registry_root=self._root)
        signature, keys = announcement.signature, announcement.keys
        if not keys_signed_by(node, signature, keys, digest=self._digest, number=number):
            raise Malformed("its keys are not signed by its node")
        self._announced[number] = announcement

    def _neighbours(self, number: int, reader: Reader) -> None:
        chosen = reader.places(self._devices)
        reader.end()
        if len(chosen) != self._roster.graph.degree or self._places[number] in chosen:
            raise Malformed("it chose another number of neighbours, or itself")
        self._members[self._places[number]].chosen = chosen

    def _shares(self, number: int, reader: Reader) -> None:
        member = self._members[self._places[number]]
        member.shares = Shares.read(reader, degree=self._roster.graph.degree)

    def _masked(self, _number: int, reader: Reader) -> None:
        bits = self._terms.parameters.modulus_bits
        content = reader.rest()
        self._total.add(unpack(content, self._terms.size, bits=bits))

    def _agreement(self, number: int, reader: Reader) -> None:
        signature = reader.take(_SURVIVOR_SIGNATURE_BYTES)
        reader.end()
        place = self._places[number]
        signing = self._members[place].announcement.keys.signing
        bits = places_as_bits(self._survivors, self._devices)
        if not survivors_signed_by(signing, signature, roster_digest=self._roster_digest, survivors=bits):
            raise Malformed("it did not sign the list that it was sent")
        self._signatures[place] = signature

    def _unmasking(self, number: int, reader: Reader) -> None:
        place = self._places[number]
        came = read_unmasking(reader, devices=self._devices)
        if not came.keys() <= (self._members[place].choosers | {place}):
            raise Malformed("it gives shares of devices that gave it none")
        if place not in came:
            raise Malformed("it does not give its own share")
        for dealer, share in came.items():
            if is_committed(self._members[dealer], dealer, place, share, kept=dealer in self._survivors):
                self._members[dealer].opened[place] = share
            else:
                self._disputed.add((dealer, place))

    # what is said to devices

    def _make_roster(self, there: frozenset[int]) -> Messages:
        numbers = tuple(sorted(there))
        self._require(len(numbers), of=max(len(numbers), 1), what="gave keys")
        if len(numbers) > self._terms.parameters.most:
            raise Aborted(
                f"secure aggregation: {len(numbers)} devices gave keys, more than a sum has room for; the round is "
                "aborted, and nothing of it is known"
            )
        graph = plan_graph(len(numbers), self._terms.parameters)
        self._roster = Roster(graph=graph, numbers=numbers)
        self._roster_digest = self._roster.digest(self._digest)
        self._places = {number: place for place, number in enumerate(numbers)}
        self._members = [Member(announcement=self._announced[number]) for number in numbers]
        self._disputed: set[tuple[int, int]] = set()
        roster = wrap(Kind.ROSTER, self._digest, self._roster.body())
        if not graph.is_complete:
            self._stage = Kind.NEIGHBOURS
            return dict.fromkeys(numbers, (roster,))
        everyone = frozenset(range(graph.devices))
        for place, member in enumerate(self._members):
            member.chosen = everyone - {place}
        introductions = self._introduce(there)
        return {number: (roster, *introductions[number]) for number in numbers}

    def _introduce(self, there: frozenset[int]) -> Messages:
        self._require(len(there), what="drew neighbours")
        for number in there:
            place = self._places[number]
            for other in self._members[place].chosen:
                self._members[other].choosers.add(place)
        self._stage = Kind.SHARES
        return {number: (self._introductions(self._places[number]),) for number in there}

    def _introductions(self, place: int) -> bytes:
        member = self._members[place]
        registered = {other: self._registered[self._roster.numbers[other]] for other in member.chosen}
        chosen = {
            other: Introduced(
                node_key=node.node_key, position=node.position, announcement=self._members[other].announcement
            )
            for other, node in registered.items()
        }
        (size,) = {node.size for node in registered.values()}
        others = {other: self._keys_at(other) for other in member.choosers - member.chosen}
        said = Introductions(
            chosen=chosen,
            choosers=frozenset(member.choosers),
            others={other: (keys.sealing, keys.masking) for other, keys in others.items()},
            registry_size=size,
            proof=multiproof({node.position: node.proof for node in registered.values()}, size=size),
        )
        return wrap(Kind.INTRODUCTIONS, self._digest, said.body(self._devices))

    def _deliver(self, there: frozenset[int]) -> Messages:
        self._require(len(there), what="shared their secrets")
        self._sharers = frozenset(self._places[number] for number in there)
        sealed_for: list[dict[int, bytes]] = [{} for _ in self._members]
        for dealer in self._sharers:
            shares = self._members[dealer].shares
            assert shares is not None
            for holder, sealed in zip(sorted(self._members[dealer].chosen), shares.sealed, strict=True):
                sealed_for[holder][dealer] = sealed
        self._stage = Kind.MASKED
        return {
            number: (
                wrap(
                    Kind.DELIVERY,
                    self._digest,
                    Delivery(sharers=self._sharers, sealed=sealed_for[self._places[number]]).body(self._devices),
                ),
            )
            for number in there
        }

    def _tell_survivors(self, there: frozenset[int]) -> Messages:
        self._require(len(there), what="sent a masked vector")
        self._survivors = frozenset(self._places[number] for number in there)
        self._stage = Kind.AGREEMENT
        bits = places_as_bits(self._survivors, self._devices)
        return dict.fromkeys(there, (wrap(Kind.SURVIVORS, self._digest, bits),))

    def _show_agreements(self, there: frozenset[int]) -> Messages:
        self._require(len(there), of=1, what="agreed to the list of who is in")
        self._stage = Kind.UNMASKING
        messages: Messages = {}
        for number in there:
            chosen = self._members[self._places[number]].chosen
            signed = {place: self._signatures[place] for place in chosen & self._signatures.keys()}
            messages[number] = (wrap(Kind.AGREEMENTS, self._digest, agreements_body(signed, self._devices)),)
        return messages

    def _open(self, _there: frozenset[int]) -> Messages:
        """All secrets first, and only then the sum: nothing is opened in part."""
        self._blame()
        secrets = {place: self._secret(place) for place in sorted(self._sharers)}
        for place in self._survivors:
            self._total.subtract_mask(secrets[place])
        for place in self._sharers - self._survivors:
            self._take_out(place, secrets[place])
        self._stage = None
        self.sum = self._total.reduced()
        return {}

    def _secret(self, place: int) -> bytes:
        threshold, kept = self._roster.graph.share_threshold, place in self._survivors
        try:
            return secret_of(self._members[place], kept=kept, threshold=threshold, roster_digest=self._roster_digest)
        except NotThatSecret as error:
            self.offenders.add(self._roster.numbers[place])
            raise Aborted(f"secure aggregation: {error}; the round is aborted, and nothing of it is known") from error
        except ValueError as error:
            raise Aborted(
                "secure aggregation: too few devices stayed to the end to open the sum; the round is aborted, and "
                "nothing of it is known"
            ) from error

    def _blame(self) -> None:
        """Who is at odds with more others than can be dishonest. Of a single share neither its dealer nor its holder
        is known to have changed it: either could put the other in the wrong."""
        others: defaultdict[int, set[int]] = defaultdict(set)
        for dealer, holder in self._disputed:
            others[dealer].add(holder)
            others[holder].add(dealer)
        most = max(1, self._terms.parameters.dishonest)
        self.offenders |= {self._roster.numbers[place] for place, odds in others.items() if len(odds) > most}

    def _take_out(self, place: int, secret: bytes) -> None:
        """The masks that survivors have with a lost device."""
        key = X25519PrivateKey.from_private_bytes(secret)
        lost = self._roster.numbers[place]
        member = self._members[place]
        for other in (member.chosen | member.choosers) & self._survivors:
            number = self._roster.numbers[other]
            seed = pairwise_seed(
                key, self._keys_at(other).masking, roster_digest=self._roster_digest, pair=(lost, number)
            )
            if number < lost:  # it added the mask
                self._total.subtract_mask(seed)
            else:
                self._total.add_mask(seed)

    def _keys_at(self, place: int) -> RoundKeys:
        return self._members[place].announcement.keys

    @property
    def _devices(self) -> int:
        return self._roster.graph.devices

    def _require(self, there: int, *, what: str, of: int | None = None) -> None:
        least = self._terms.parameters.least_survivors(self._devices if of is None else of)
        if there < least:
            raise Aborted(
                f"secure aggregation: {there} devices {what}, and fewer than {least} are never summed; the round is "
                "aborted, and nothing of it is known"
            )
