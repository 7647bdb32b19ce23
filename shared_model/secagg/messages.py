"""Every message, as the one string of bytes that it has: a kind, the digest of the round's terms, and fixed fields.

Whoever reads knows from what was said before how long a message is; one of another length is none. Numbers are
big-endian; a set of devices is a bit for each place of the roster, the first one highest; the roster's numbers, which
ascend, are the steps from one to the next. Letters: n devices in the roster.
"""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate, pairwise

from shared_model.books.merkle import HASH_BYTES
from shared_model.books.multiproof import multiproof_hashes
from shared_model.secagg.graph import Graph
from shared_model.secagg.keys import KEY_BYTES, NODE_KEY_BYTES, SIGNATURE_BYTES, TAG_BYTES, RoundKeys
from shared_model.secagg.parameters import MOST_DEVICES
from shared_model.secagg.sealing import COMMITMENT_BYTES, SEALED_BYTES
from shared_model.secagg.shares import SHARE_BYTES

DIGEST_BYTES = 32
NUMBER_BITS = 32
"""Of a registration number."""
SURVIVOR_SIGNATURE_BYTES = 64


class Kind(IntEnum):
    """In the order of a round. What the device says is odd."""

    KEYS = 1
    ROSTER = 2
    NEIGHBOURS = 3
    INTRODUCTIONS = 4
    SHARES = 5
    DELIVERY = 6
    MASKED = 7
    SURVIVORS = 8
    AGREEMENT = 9
    AGREEMENTS = 10
    UNMASKING = 11


class Malformed(ValueError):
    """What came is not a message of this round and this place in it."""


def wrap(kind: Kind, digest: bytes, body: bytes) -> bytes:
    """The message."""
    return bytes([kind]) + digest + body


def kind_of(content: bytes, *, digest: bytes) -> Kind:
    """Raises Malformed for a message that is none, or is of another round."""
    if len(content) <= DIGEST_BYTES or content[0] not in Kind.__members__.values():
        raise Malformed("it is no message")
    if content[1 : 1 + DIGEST_BYTES] != digest:
        raise Malformed("it is of another round, or of the same one in other terms")
    return Kind(content[0])


class Reader:
    """Reads a body from front to back. Raises Malformed where it ends early, or does not end."""

    def __init__(self, content: bytes) -> None:
        self._left = memoryview(content)[1 + DIGEST_BYTES :]

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        if size > len(self._left):
            raise Malformed("it is too short")
        taken, self._left = self._left[:size], self._left[size:]
        return bytes(taken)

    def number(self, form: str) -> int:
        """As `struct` reads it."""
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def step(self) -> int:
        """A whole number as `step_as_bytes` writes it, which is the only way to."""
        value = 0
        for shift in range(0, NUMBER_BITS, 7):
            (octet,) = self.take(1)
            value |= (octet & 0x7F) << shift
            if octet < 0x80:
                if (shift and not octet) or value >> NUMBER_BITS:
                    break
                return value
        raise Malformed("a number is too large, or is not in its shortest form")

    def places(self, devices: int) -> frozenset[int]:
        """A set of places in the roster."""
        size = -(-devices // 8)
        bits = int.from_bytes(self.take(size), "big")
        spare = 8 * size - devices
        if bits & ((1 << spare) - 1):
            raise Malformed("it names places beyond the roster")
        return frozenset(place for place in range(devices) if bits >> (8 * size - 1 - place) & 1)

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._left))

    def end(self) -> None:
        """Nothing may be left."""
        if len(self._left):
            raise Malformed("it is too long")


def step_as_bytes(value: int) -> bytes:
    """The inverse of `Reader.step`: 7 bits a byte, the lowest first, the top bit set but in the last (LEB128)."""
    octets = bytearray()
    while value > 0x7F:
        octets.append(0x80 | value & 0x7F)
        value >>= 7
    return bytes([*octets, value])


def places_as_bits(places: Iterable[int], devices: int) -> bytes:
    """The inverse of `Reader.places`."""
    size = -(-devices // 8)
    return sum(1 << (8 * size - 1 - place) for place in places).to_bytes(size, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A device's keys of the round, signed by its node key."""

    keys: RoundKeys
    signature: bytes

    def body(self) -> bytes:
        """192 bytes."""
        return self.keys.sealing + self.keys.masking + self.keys.signing + self.signature

    @classmethod
    def read(cls, reader: Reader) -> "Announcement":
        """Raises Malformed."""
        sealing, masking, signing = (reader.take(KEY_BYTES) for _ in range(3))
        keys = RoundKeys(sealing=sealing, masking=masking, signing=signing)
        return cls(keys=keys, signature=reader.take(SIGNATURE_BYTES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Who gave keys. numbers: of registration, each once and ascending, so that a place in it names a device."""

    graph: Graph
    numbers: tuple[int, ...]

    def body(self) -> bytes:
        """6 bytes and mostly one a device, as long as fewer than 127 others are registered between two."""
        head = struct.pack(">HHH", self.graph.devices, self.graph.degree, self.graph.share_threshold)
        return head + b"".join(step_as_bytes(high - low) for low, high in pairwise((0, *self.numbers)))

    def digest(self, terms_digest: bytes) -> bytes:
        """What every later key, seal and signature is bound to."""
        return hashlib.sha256(b"sottovoce secagg roster v2\n" + terms_digest + self.body()).digest()

    @classmethod
    def read(cls, reader: Reader) -> "Roster":
        """Raises Malformed."""
        devices, degree, threshold = (reader.number(">H") for _ in range(3))
        if not 2 <= devices <= MOST_DEVICES or not 1 <= degree < devices or not 1 <= threshold <= degree + 1:
            raise Malformed("its graph cannot be")
        first, *steps = (reader.step() for _ in range(devices))
        numbers = tuple(accumulate((first, *steps)))
        if not all(steps):
            raise Malformed("one of its devices stands there twice")
        if numbers[-1] >> NUMBER_BITS:
            raise Malformed("a number is too large")
        reader.end()
        return cls(graph=Graph(devices=devices, degree=degree, share_threshold=threshold), numbers=numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduced:
    """A device that this one chose. node_key: compressed point; position: of its fingerprint in the registry."""

    node_key: bytes
    position: int
    announcement: Announcement

    def body(self) -> bytes:
        """245 bytes."""
        return self.node_key + struct.pack(">I", self.position) + self.announcement.body()

    @classmethod
    def read(cls, reader: Reader) -> "Introduced":
        """Raises Malformed."""
        node_key, position = reader.take(NODE_KEY_BYTES), reader.number(">I")
        return cls(node_key=node_key, position=position, announcement=Announcement.read(reader))


@dataclass(frozen=True, slots=True, kw_only=True)
class Introductions:
    """chosen: by place, of all that the device chose; choosers: places of those that chose it; others: sealing and
    masking keys of the choosers that it did not choose itself, by place; registry_size, proof: that all who are
    chosen are registered (`shared_model.books.multiproof`)."""

    chosen: dict[int, Introduced]
    choosers: frozenset[int]
    others: dict[int, tuple[bytes, bytes]]
    registry_size: int
    proof: tuple[bytes, ...]

    def body(self, devices: int) -> bytes:
        """In ascending places. The proof is as long as positions and size make it."""
        chosen = b"".join(self.chosen[place].body() for place in sorted(self.chosen))
        others = b"".join(b"".join(self.others[place]) for place in sorted(self.others))
        size = struct.pack(">I", self.registry_size)
        return places_as_bits(self.choosers, devices) + size + chosen + others + b"".join(self.proof)

    @classmethod
    def read(cls, reader: Reader, *, devices: int, chosen: frozenset[int]) -> "Introductions":
        """chosen: by this device. Raises Malformed."""
        choosers = reader.places(devices)
        size = reader.number(">I")
        introduced = {place: Introduced.read(reader) for place in sorted(chosen)}
        others = {place: (reader.take(KEY_BYTES), reader.take(KEY_BYTES)) for place in sorted(choosers - chosen)}
        positions = {each.position for each in introduced.values()}
        if max(positions) >= size:
            raise Malformed("a device stands beyond the registry")
        proof = tuple(reader.take(HASH_BYTES) for _ in range(multiproof_hashes(positions, size=size)))
        reader.end()
        return cls(chosen=introduced, choosers=choosers, others=others, registry_size=size, proof=proof)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What a device hands out. self_mask: commitment to its self mask's seed; commitments: to both shares of each
    holder, itself included, in ascending places; sealed: for each of its neighbours, in ascending places."""

    self_mask: bytes
    commitments: tuple[tuple[bytes, bytes], ...]
    sealed: tuple[bytes, ...]

    def body(self) -> bytes:
        """64 bytes and 114 a neighbour."""
        return self.self_mask + b"".join(b"".join(pair) for pair in self.commitments) + b"".join(self.sealed)

    @classmethod
    def read(cls, reader: Reader, *, degree: int) -> "Shares":
        """Raises Malformed."""
        self_mask = reader.take(DIGEST_BYTES)
        commitments = tuple((reader.take(COMMITMENT_BYTES), reader.take(COMMITMENT_BYTES)) for _ in range(degree + 1))
        sealed = tuple(reader.take(SEALED_BYTES) for _ in range(degree))
        reader.end()
        return cls(self_mask=self_mask, commitments=commitments, sealed=sealed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """sharers: places of all that handed out shares; sealed: those for this device, by the place of their sender."""

    sharers: frozenset[int]
    sealed: dict[int, bytes]

    def body(self, devices: int) -> bytes:
        """In ascending places."""
        return places_as_bits(self.sharers, devices) + b"".join(self.sealed[place] for place in sorted(self.sealed))

    @classmethod
    def read(cls, reader: Reader, *, devices: int, choosers: frozenset[int]) -> "Delivery":
        """choosers: of this device. Raises Malformed."""
        sharers = reader.places(devices)
        sealed = {place: reader.take(SEALED_BYTES) for place in sorted(sharers & choosers)}
        reader.end()
        return cls(sharers=sharers, sealed=sealed)


def agreements_body(signatures: dict[int, bytes], devices: int) -> bytes:
    """signatures: of some of a device's neighbours under the list of survivors, by place."""
    return places_as_bits(signatures, devices) + b"".join(signatures[place] for place in sorted(signatures))


def read_agreements(reader: Reader, *, devices: int) -> dict[int, bytes]:
    """The inverse, after which the tags of inclusion come. Raises Malformed."""
    return {place: reader.take(SURVIVOR_SIGNATURE_BYTES) for place in sorted(reader.places(devices))}


def read_tags(reader: Reader, places: Iterable[int]) -> dict[int, bytes]:
    """Tags of inclusion with or by each of `places`, in ascending order, with which the message ends.

    Raises Malformed.
    """
    tags = {place: reader.take(TAG_BYTES) for place in sorted(places)}
    reader.end()
    return tags


def unmasking_body(shares: dict[int, bytes], devices: int) -> bytes:
    """shares: one of each device that this one holds any of, by place."""
    return places_as_bits(shares, devices) + b"".join(shares[place] for place in sorted(shares))


def read_unmasking(reader: Reader, *, devices: int) -> dict[int, bytes]:
    """The inverse. Raises Malformed."""
    shares = {place: reader.take(SHARE_BYTES) for place in sorted(reader.places(devices))}
    reader.end()
    return shares
