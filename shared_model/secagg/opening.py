"""A device's one secret from the shares that came back, checked against what the device had committed itself to."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shared_model.secagg.keys import secret_commitment
from shared_model.secagg.messages import Announcement, Shares
from shared_model.secagg.sealing import share_commitment
from shared_model.secagg.shares import join


class NotThatSecret(Exception):
    """A device shared another secret than it masked with."""


@dataclass(slots=True)
class Member:
    """What was said by one device of the roster, and of it: opened holds the shares of its one secret that came back,
    by the place of who held them; included: its tags that it masked with its neighbours, by their places."""

    announcement: Announcement
    chosen: frozenset[int] = frozenset()
    choosers: set[int] = field(default_factory=set)
    shares: Shares | None = None
    opened: dict[int, bytes] = field(default_factory=dict)
    included: dict[int, bytes] = field(default_factory=dict)


def is_committed(member: Member, dealer: int, holder: int, share: bytes, *, kept: bool) -> bool:
    """Whether `holder` gave the very share that `member`, at place `dealer`, had committed itself to. kept: whether the
    member is in the sum."""
    if member.shares is None:
        return False
    row = sorted(member.chosen | {dealer}).index(holder)
    self_mask, masking_key = member.shares.commitments[row]
    return share_commitment(share) == (self_mask if kept else masking_key)


def secret_of(member: Member, *, kept: bool, threshold: int, roster_digest: bytes) -> bytes:
    """The seed of its self mask where it is in the sum, its masking key where it was lost.

    Raises ValueError where too few shares came back, NotThatSecret where they are of another secret.
    """
    assert member.shares is not None
    secret = join({holder + 1: share for holder, share in member.opened.items()}, threshold=threshold)
    if kept:
        good = secret_commitment(secret, roster_digest=roster_digest) == member.shares.self_mask
    else:
        public = X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
        good = public == member.announcement.keys.masking
    if not good:
        raise NotThatSecret("a device shared another secret than it masked with")
    return secret
