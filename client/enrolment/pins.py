"""What a device pins of its federation, and what it saw there last, as kept in the store."""

from dataclasses import dataclass, field, fields

from sqlalchemy import Engine, delete, insert, select, update

from client.store.database import compact
from client.store.tables import federation
from shared_model.books.merkle import EMPTY_ROOT
from shared_model.books.notes import Verifier
from shared_model.errors import Refused
from shared_model.wire.head import Head, Seen
from shared_model.wire.invitation import Invitation

_ONLY = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """name to release_key: from the invitation, never changed; node_key: wrapped; registration_number and
    superlink_address: None until the coordinator has answered; seen_*: never lowered; release_manifest: of the release
    whose files are all in the cache."""

    name: str
    address: str
    ca_pem: str
    log_key: str
    release_key: str
    node_key: bytes = field(repr=False)
    registration_number: int | None = None
    superlink_address: str | None = None
    seen_size: int = 0
    seen_root: bytes = EMPTY_ROOT
    seen_release: int = 0
    release_manifest: bytes | None = None

    @property
    def log_verifier(self) -> Verifier:
        """Of checkpoints and heads."""
        return Verifier.from_vkey(self.log_key)

    @property
    def release_verifier(self) -> Verifier:
        """Of release manifests."""
        return Verifier.from_vkey(self.release_key)

    @property
    def seen(self) -> Seen:
        """What nothing may fall behind."""
        return Seen(size=self.seen_size, root=self.seen_root, release=self.seen_release)

    def is_of(self, invitation: Invitation) -> bool:
        """Whether the invitation is to this federation: the same keys, wherever it listens."""
        ours = (self.name, self.ca_pem, self.log_key, self.release_key)
        return ours == (invitation.federation, invitation.ca_pem, invitation.log_key, invitation.release_key)


def pins_for(invitation: Invitation, *, node_key: bytes) -> Pins:
    """Of a device that has not asked yet."""
    return Pins(
        name=invitation.federation,
        address=invitation.address,
        ca_pem=invitation.ca_pem,
        log_key=invitation.log_key,
        release_key=invitation.release_key,
        node_key=node_key,
    )


def read_pins(history: Engine) -> Pins | None:
    """None where the device is in no federation."""
    columns = [federation.c[each.name] for each in fields(Pins)]
    with history.connect() as connection:
        row = connection.execute(select(*columns)).mappings().one_or_none()
    return None if row is None else Pins(**row)


def member_pins(history: Engine) -> Pins:
    """Raises Refused where the device is in no federation, or has not got its answer yet."""
    pins = read_pins(history)
    if pins is None or pins.registration_number is None:
        raise Refused("federation: this device is in none; ask an operator for an invitation, and join with it")
    return pins


def write_pins(history: Engine, pins: Pins) -> None:
    """On disk when it returns, before anybody is asked."""
    row = {each.name: getattr(pins, each.name) for each in fields(Pins)}
    with history.begin() as connection:
        connection.execute(insert(federation).values(id=_ONLY, **row))


def write_answer(history: Engine, *, registration_number: int, superlink_address: str) -> None:
    """The coordinator's answer."""
    _change(history, registration_number=registration_number, superlink_address=superlink_address)


def write_node_key(history: Engine, node_key: bytes) -> None:
    """Another one, wrapped; nothing of the old one is left in the file."""
    _change(history, node_key=node_key)
    compact(history)


def write_seen(history: Engine, head: Head) -> None:
    """Of a head that was checked: from now on nothing older is taken."""
    release = head.release.number if head.release else 0
    checkpoint = head.checkpoint
    _change(history, seen_size=checkpoint.size, seen_root=checkpoint.root, seen_release=release)


def write_release(history: Engine, manifest: bytes) -> None:
    """The signed note of a release whose files are all in the cache."""
    _change(history, release_manifest=manifest)


def forget_pins(history: Engine) -> None:
    """The pins and the node key, so that nothing of them is left in the file."""
    with history.begin() as connection:
        connection.execute(delete(federation))
    compact(history)


def _change(history: Engine, **columns: int | str | bytes) -> None:
    with history.begin() as connection:
        connection.execute(update(federation).values(**columns))
