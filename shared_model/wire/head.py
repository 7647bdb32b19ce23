"""The head of a federation: its log, its latest release and the time, in one signed text.

It is a checkpoint of the round log (https://c2sp.org/tlog-checkpoint) with two extension lines, `release NUMBER SHA256`
(or `release none`) and `time SECONDS`, signed by the log's key. One signature covers all three, so that no old release
can be shown beside a new log, nor an old log beside a new release; and the time bounds how long a device can be kept
from seeing anything newer.
"""

import re
from dataclasses import dataclass

from shared_model.books.checkpoint import Checkpoint, open_checkpoint
from shared_model.books.merkle import extends
from shared_model.books.notes import Signer, Verifier, open_note, sign_note
from shared_model.books.spelling import require_sha256
from shared_model.errors import BadInput, Refused

FRESH_S = 86_400
"""How old a head may be, by the device's clock."""
AHEAD_S = 600
"""How far it may lie in the future: clocks differ."""
_RELEASE = re.compile(r"release ([1-9][0-9]{0,14}) ([0-9a-f]{64})", re.ASCII)
_TIME = re.compile(r"time (0|[1-9][0-9]{0,14})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The newest release: its number, from 1, and the hash of its manifest."""

    number: int
    sha256: str

    def __post_init__(self) -> None:
        require_sha256("sha256", self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """release: None before the first; at_s: Unix seconds by the coordinator's clock."""

    checkpoint: Checkpoint
    release: Latest | None
    at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a device has seen before: leaves and root of the log, and the highest number of a release."""

    size: int
    root: bytes
    release: int


def signed_head(head: Head, signer: Signer) -> bytes:
    """The note, which `open_checkpoint` reads, too."""
    *lines, _ = open_note(head.checkpoint.signed(signer), [signer.verifier], what="head").split("\n")
    release = "none" if head.release is None else f"{head.release.number} {head.release.sha256}"
    return sign_note("\n".join([*lines, f"release {release}", f"time {head.at_s}", ""]), signer)


def open_head(content: bytes, verifier: Verifier) -> Head:
    """The inverse of `signed_head`. Raises BadInput."""
    checkpoint = open_checkpoint(content, verifier, what="head")
    lines = open_note(content, [verifier], what="head").split("\n")[3:-1]
    release = _RELEASE.fullmatch(lines[0]) if len(lines) == 2 else None
    time = _TIME.fullmatch(lines[1]) if len(lines) == 2 else None
    if time is None or (release is None and lines[0] != "release none"):
        raise BadInput("head: signed, but without release and time; bring device and coordinator to one version")
    latest = None if release is None else Latest(number=int(release[1]), sha256=release[2])
    return Head(checkpoint=checkpoint, release=latest, at_s=int(time[1]))


def require_newer(head: Head, seen: Seen, *, consistency: tuple[bytes, ...], now_s: float) -> None:
    """That nothing was taken back and nothing held back. Raises Refused.

    consistency: that the log which was seen is the beginning of this one; now_s: by the device's clock.
    """
    size, root = head.checkpoint.size, head.checkpoint.root
    if size < seen.size:
        raise Refused(
            f"round log: {size} leaves, and this device saw {seen.size}: an older log was put back; "
            "tell the operator's auditors"
        )
    if not extends(consistency, old_size=seen.size, old_root=seen.root, size=size, root=root):
        raise Refused(
            f"round log: the log of {size} leaves does not begin with the {seen.size} that this device saw; "
            "the log was rewritten: tell the operator's auditors"
        )
    number = head.release.number if head.release else 0
    if number < seen.release:
        raise Refused(
            f"release: {number or 'none'} is offered, and this device has seen {seen.release}: an older one was put "
            "back, and is not taken; tell the operator"
        )
    require_fresh(head, now_s=now_s)


def require_fresh(head: Head, *, now_s: float) -> None:
    """That the head was signed not long ago, by the device's clock. Raises Refused."""
    if now_s - head.at_s > FRESH_S:
        raise Refused(
            f"head: signed {(now_s - head.at_s) / 3600:.0f} hours ago, and newer releases and rounds may be held back; "
            "set this computer's clock right, or tell the operator that the coordinator's stands still"
        )
    if head.at_s - now_s > AHEAD_S:
        raise Refused("head: signed in the future; set this computer's clock right, or tell the operator")
