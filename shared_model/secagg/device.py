"""A device's side of one round: a state machine that says one thing at each stage, and nothing twice.

After Bonawitz et al. 2017 in the complete graph, and after Bell et al. 2020, section 4, where devices draw neighbours.
It is told who is in, and derives by itself which one of a device's two secrets it gives its share of: both cannot even
be asked for. Whatever is amiss ends the round for this device, and its secrets are forgotten.

Letters: d numbers, n devices in the roster, k neighbours that each draws, t holders that open a secret.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from numpy.typing import NDArray

from shared_model.errors import Refused
from shared_model.secagg.graph import LOG2_SECRECY, Graph, draw_neighbours
from shared_model.secagg.keys import (
    RoundSecrets,
    are_registered,
    compressed,
    keys_signed_by,
    pairwise_seed,
    secret_commitment,
    sign_keys,
    sign_survivors,
    survivors_signed_by,
    uncompressed,
)
from shared_model.secagg.masking import SEED_BYTES, MaskedSum
from shared_model.secagg.messages import (
    Announcement,
    Delivery,
    Introductions,
    Kind,
    Malformed,
    Reader,
    Roster,
    Shares,
    kind_of,
    places_as_bits,
    read_agreements,
    unmasking_body,
    wrap,
)
from shared_model.secagg.packing import pack
from shared_model.secagg.parameters import SecAggParameters
from shared_model.secagg.sealing import seal, share_commitment, unseal
from shared_model.secagg.shares import split
from shared_model.secagg.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLimits:
    """What a device accepts at all, whatever is signed: at least so many in a round, in a sum, and honest ones in it;
    log2_secrecy_failure: of a drawn graph, at most."""

    smallest_cohort: int
    smallest_threshold: int
    smallest_honest: int
    log2_secrecy_failure: float = LOG2_SECRECY


def require_within(parameters: SecAggParameters, limits: DeviceLimits) -> None:
    """Raises Refused for a round that is below the device's own limits."""
    for name, planned, least in (
        ("a cohort", parameters.cohort, limits.smallest_cohort),
        ("a threshold", parameters.threshold, limits.smallest_threshold),
        ("no more honest devices than", parameters.honest, limits.smallest_honest),
    ):
        if planned < least:
            raise _refused(f"the round has {name} of {planned}, below this device's own minimum of {least}")


_NEXT = {
    Kind.KEYS: Kind.ROSTER,
    Kind.ROSTER: Kind.INTRODUCTIONS,
    Kind.INTRODUCTIONS: Kind.DELIVERY,
    Kind.DELIVERY: Kind.SURVIVORS,
    Kind.SURVIVORS: Kind.AGREEMENTS,
    Kind.AGREEMENTS: None,
}


class Device:
    """One device in one round. `announce` once, then `reply` to each message of the coordinator in its order."""

    def __init__(
        self,
        terms: Terms,
        vector: NDArray[np.uint64],
        *,
        number: int,
        node_key: EllipticCurvePrivateKey,
        limits: DeviceLimits,
    ) -> None:
        """vector: (d,) uint64 below the modulus, what this device adds; number: of its registration.

        Raises Refused where the terms are below `limits`; ValueError for a vector that is none.
        """
        parameters = terms.parameters
        require_within(parameters, limits)
        if vector.shape != (terms.size,) or vector.dtype != np.uint64 or int(vector.max()) >> parameters.modulus_bits:
            raise ValueError("secure aggregation: the vector has another size, or numbers beyond the modulus")
        self._terms, self._limits, self._number, self._node_key = terms, limits, number, node_key
        self._vector: NDArray[np.uint64] | None = vector
        self._secrets = RoundSecrets.new()
        self._self_mask = secrets.token_bytes(SEED_BYTES)
        self._awaits: Kind | None = Kind.KEYS
        self._roster: Roster | None = None

    def announce(self) -> bytes:
        """The keys of this round. Raises Refused the second time."""
        self._require(Kind.KEYS)
        keys = self._secrets.public()
        signature = sign_keys(self._node_key, keys, digest=self._terms.digest, number=self._number)
        return self._said(Kind.KEYS, Announcement(keys=keys, signature=signature).body())

    def reply(self, contents: Sequence[bytes]) -> bytes:
        """The answer to the last of `contents`, which come in the order of the round.

        Raises Refused for anything that is not to be answered; from then on for everything.
        """
        answer = b""
        try:
            for content in contents:
                answer = self._answer(content)
        except Malformed as error:
            self._forget()
            raise _refused(f"a message cannot be read: {error}") from error
        except BaseException:
            self._forget()
            raise
        if not answer:
            raise _refused("the message is empty")
        return answer

    def _answer(self, content: bytes) -> bytes:
        if self._awaits is None:  # before a word is read
            raise _refused("its part in this round is over")
        kind = kind_of(content, digest=self._terms.digest)
        self._require(kind)
        reader = Reader(content)
        match kind:
            case Kind.ROSTER:
                return self._draw(Roster.read(reader))
            case Kind.INTRODUCTIONS:
                read = Introductions.read(reader, devices=self._devices, chosen=self._chosen)
                return self._share(read)
            case Kind.DELIVERY:
                return self._mask(Delivery.read(reader, devices=self._devices, choosers=self._choosers))
            case Kind.SURVIVORS:
                survivors = reader.places(self._devices)
                reader.end()
                return self._agree(survivors)
            case _:
                return self._unmask(read_agreements(reader, devices=self._devices))

    def _draw(self, roster: Roster) -> bytes:
        """Neighbours, by this device's own randomness."""
        graph, parameters = roster.graph, self._terms.parameters
        if self._number not in roster.numbers:
            raise _refused("it is not in the list of those that gave keys")
        if graph.devices < max(self._limits.smallest_cohort, parameters.least_survivors(graph.devices)):
            raise _refused(f"{graph.devices} devices gave keys, which are too few for this round or for this device")
        if graph.devices > parameters.most:
            raise _refused(f"{graph.devices} devices gave keys, more than a sum has room for")
        if graph.honest_in_a_sum(parameters) < max(parameters.honest, self._limits.smallest_honest):
            raise _refused("its graph cannot keep as many honest devices in a sum as were announced")
        failure = graph.log2_secrecy_failure(parameters.dishonest)
        if not failure <= self._limits.log2_secrecy_failure:
            raise _refused(
                f"its graph of degree {graph.degree} and threshold {graph.share_threshold} is open to the server with "
                f"a chance of 2^{failure:.1f}"
            )
        self._roster = roster
        self._place = roster.numbers.index(self._number)
        self._roster_digest = roster.digest(self._terms.digest)
        self._chosen = draw_neighbours(graph, self._place)
        return self._said(Kind.ROSTER, places_as_bits(self._chosen, self._devices))

    def _share(self, introductions: Introductions) -> bytes:
        """Both secrets, in shares for the neighbours that this device chose itself."""
        self._choosers = introductions.choosers
        if self._place in self._choosers:
            raise _refused("it is said to have chosen itself")
        self._signing = self._believed(introductions)
        keys = {place: each.announcement.keys for place, each in introductions.chosen.items()}
        self._sealing = {place: each.sealing for place, each in keys.items()}
        self._masking = {place: each.masking for place, each in keys.items()}
        for place, (sealing, masking) in introductions.others.items():
            self._sealing[place], self._masking[place] = sealing, masking
        own = self._secrets.public()
        known = [*self._sealing.values(), own.sealing, *self._masking.values(), own.masking]
        if len(set(known)) < len(known):
            raise _refused("two devices have one key")
        holders = sorted(self._chosen | {self._place})
        threshold = self._graph.share_threshold
        places = [place + 1 for place in holders]
        self_mask = split(self._self_mask, places, threshold=threshold)
        masking_key = split(self._secrets.masking.private_bytes_raw(), places, threshold=threshold)
        both = dict(zip(holders, zip(self_mask, masking_key, strict=True), strict=True))
        self._own_share = both[self._place][0]
        message = Shares(
            self_mask=secret_commitment(self._self_mask, roster_digest=self._roster_digest),
            commitments=tuple((share_commitment(one), share_commitment(other)) for one, other in both.values()),
            sealed=tuple(self._sealed(both[place], place) for place in sorted(self._chosen)),
        )
        return self._said(Kind.INTRODUCTIONS, message.body())

    def _believed(self, introductions: Introductions) -> dict[int, bytes]:
        """Signing keys of the neighbours that this device chose, all of whose keys are signed by registered nodes."""
        root, size = bytes.fromhex(self._terms.registry_root), introductions.registry_size
        signing, spelled, nodes = {}, {compressed(self._node_key.public_key())}, {}
        for place, introduced in introductions.chosen.items():
            announcement = introduced.announcement
            try:
                node = uncompressed(introduced.node_key)
            except ValueError as error:
                raise _refused("the key of a neighbour is of no node") from error
            number = self._numbers[place]
            if not keys_signed_by(
                node, announcement.signature, announcement.keys, digest=self._terms.digest, number=number
            ):
                raise _refused("the keys of a neighbour are not signed by its node")
            spelled.add(introduced.node_key)
            nodes[introduced.position] = node
            signing[place] = announcement.keys.signing
        if len(spelled) < len(introductions.chosen) + 1 or len(nodes) < len(introductions.chosen):
            raise _refused("one node stands in the list twice")
        if not are_registered(nodes, introductions.proof, size=size, registry_root=root):
            raise _refused("the key of a neighbour is not in the registry that was announced")
        return signing

    def _mask(self, delivery: Delivery) -> bytes:
        """The vector under its own mask and one with every neighbour that handed out shares."""
        self._sharers = delivery.sharers
        if self._place not in self._sharers:
            raise _refused("it is said not to have shared its secrets")
        if len(self._sharers) < self._terms.parameters.least_survivors(self._devices):
            raise _refused("too few devices shared their secrets")
        self._require_company(self._sharers)
        self._held: dict[int, tuple[bytes, bytes]] = {}
        for place, sealed in delivery.sealed.items():
            pair = (self._numbers[place], self._number)
            shares = unseal(
                sealed, self._secrets.sealing, self._sealing[place], roster_digest=self._roster_digest, pair=pair
            )
            if shares is not None:  # else that device harms none but itself
                self._held[place] = shares
        assert self._vector is not None
        total = MaskedSum(self._terms.size, modulus_bits=self._terms.parameters.modulus_bits)
        total.add(self._vector)
        self._vector = None
        total.add_mask(self._self_mask)
        for place in sorted((self._chosen | self._choosers) & self._sharers):
            pair = (self._number, self._numbers[place])
            try:
                seed = pairwise_seed(
                    self._secrets.masking, self._masking[place], roster_digest=self._roster_digest, pair=pair
                )
            except ValueError as error:
                raise _refused("the key of a neighbour is no key") from error
            if pair[0] < pair[1]:
                total.add_mask(seed)
            else:
                total.subtract_mask(seed)
        return self._said(Kind.DELIVERY, pack(total.reduced(), bits=self._terms.parameters.modulus_bits))

    def _agree(self, survivors: frozenset[int]) -> bytes:
        """A signature under the one list of who is in that this device will ever sign."""
        if self._place not in survivors:
            raise _refused("it is said to be lost")
        if not survivors <= self._sharers:
            raise _refused("the list of who is in has devices that were not in the list of those that shared")
        if len(survivors) < self._terms.parameters.least_survivors(self._devices):
            raise _refused(f"a sum of {len(survivors)} devices, which are too few, is not opened")
        self._require_company(survivors)
        self._survivors = survivors
        signature = sign_survivors(
            self._secrets, roster_digest=self._roster_digest, survivors=places_as_bits(survivors, self._devices)
        )
        return self._said(Kind.SURVIVORS, signature)

    def _unmask(self, signatures: dict[int, bytes]) -> bytes:
        """One share of each: of the self mask's seed of who is in, of the masking key of who was lost."""
        if not signatures.keys() <= (self._chosen & self._survivors):
            raise _refused("a list was signed by devices that this one did not choose, or that are not in it")
        self._require_company(frozenset(signatures))
        bits = places_as_bits(self._survivors, self._devices)
        for place, signature in signatures.items():
            if not survivors_signed_by(
                self._signing[place], signature, roster_digest=self._roster_digest, survivors=bits
            ):
                raise _refused("a neighbour was shown another list of who is in")
        shares = {
            place: self_mask if place in self._survivors else masking_key
            for place, (self_mask, masking_key) in self._held.items()
        }
        body = unmasking_body(shares | {self._place: self._own_share}, self._devices)
        self._forget()
        return wrap(Kind.UNMASKING, self._terms.digest, body)

    def _require_company(self, places: frozenset[int]) -> None:
        """As many of the neighbours that it chose as open a secret together with it. What others chose proves nothing:
        a server's own devices can all choose one."""
        if len(self._chosen & places) + 1 < self._graph.share_threshold:
            raise _refused("too few of the neighbours that it chose are still there")

    def _sealed(self, shares: tuple[bytes, bytes], place: int) -> bytes:
        pair = (self._number, self._numbers[place])
        own, receiver = self._secrets.sealing, self._sealing[place]
        try:
            return seal(shares, own, receiver, roster_digest=self._roster_digest, pair=pair)
        except ValueError as error:
            raise _refused("the key of a neighbour is no key") from error

    @property
    def _graph(self) -> Graph:
        assert self._roster is not None
        return self._roster.graph

    @property
    def _devices(self) -> int:
        return self._graph.devices

    @property
    def _numbers(self) -> tuple[int, ...]:
        assert self._roster is not None
        return self._roster.numbers

    def _require(self, kind: Kind) -> None:
        if self._awaits is None:
            raise _refused("its part in this round is over")
        if kind is not self._awaits:
            self._forget()
            raise _refused(f"it was asked for {kind.name.lower()}, twice or out of turn")

    def _said(self, heard: Kind, body: bytes) -> bytes:
        """Its answer, which is the next kind but for the keys, which nobody asks for."""
        self._awaits = _NEXT[heard]
        kind = Kind.KEYS if heard is Kind.KEYS else Kind(heard + 1)
        return wrap(kind, self._terms.digest, body)

    def _forget(self) -> None:
        """Whatever a round's secrets were, nothing of them is asked for again."""
        self._awaits = None
        for name in ("_vector", "_secrets", "_self_mask", "_held", "_own_share"):
            self.__dict__.pop(name, None)


def _refused(what: str) -> Refused:
    return Refused(f"secure aggregation: {what}; the device declines")
