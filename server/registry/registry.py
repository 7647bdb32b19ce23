"""Invitations and devices, in words of the coordinator. Everything is one transaction, and safe from many threads.

Sybil limit: one invitation is one device, and so a person who is given two invitations is two devices; how many people
stand behind the devices is as well known as the operator knows whom invitations were handed to.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, func, insert, select, update

from server.registry.database import writing
from server.registry.device import Device, Invited
from server.registry.tables import devices, invitations
from shared_model.books.merkle import Tree, leaf_hash
from shared_model.errors import BadInput
from shared_model.wire.invitation import SECRET_BYTES
from shared_model.wire.node_key import fingerprint
from shared_model.wire.refusal import Refusal

_LONGEST_LABEL = 64


class NotEnrolled(Exception):
    """Why a request is refused."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Registry:
    """engine: of `open_registry`. Times are Unix seconds, and the caller's."""

    engine: Engine

    def invite(self, label: str, *, now_s: int, life_s: int) -> str:
        """A new secret, in hexadecimal, which is known to nobody from here on but who is given it.

        Raises BadInput for a label that cannot be or that is in use.
        """
        if not 0 < len(label) <= _LONGEST_LABEL or not label.isprintable() or label != label.strip():
            raise BadInput(f"invite: a name is 1 to {_LONGEST_LABEL} printable characters")
        secret = secrets.token_bytes(SECRET_BYTES)
        with writing(self.engine) as connection:
            for held in _invited(connection, label):
                if held.state(now_s=now_s) in ("open", "joined"):
                    raise BadInput(f"invite: the name {label!r} is in use; choose another, or revoke it first")
            row = {"label": label, "secret_sha256": _hash(secret), "made_at_s": now_s, "expires_at_s": now_s + life_s}
            connection.execute(insert(invitations).values(**row))
        return secret.hex()

    def redeem(self, secret: bytes, public_key: bytes, *, now_s: int, population: int) -> Device:
        """Register the device, once; the same key gets the same answer again. Raises NotEnrolled.

        public_key: DER that was checked and whose owner has signed. Of two that come at once exactly one is taken.
        population: the plan's, which epsilon is counted for: no number is given beyond it, whoever has left meanwhile.
        """
        with writing(self.engine) as connection:
            found = select(invitations).where(invitations.c.secret_sha256 == _hash(secret))
            invitation = connection.execute(found).mappings().one_or_none()
            if invitation is None:
                raise NotEnrolled(Refusal.INVITATION_UNKNOWN)
            if invitation["revoked_at_s"] is not None:
                raise NotEnrolled(Refusal.INVITATION_REVOKED)
            there = _device(connection, devices.c.invitation_id == invitation["id"])
            if there is not None:
                if there.public_key != public_key:
                    raise NotEnrolled(Refusal.INVITATION_USED)
                if there.revoked_at_s is not None:
                    raise NotEnrolled(Refusal.DEVICE_REVOKED)
                return there
            if now_s >= invitation["expires_at_s"]:
                raise NotEnrolled(Refusal.INVITATION_EXPIRED)
            if _device(connection, devices.c.public_key == public_key) is not None:
                raise NotEnrolled(Refusal.KEY_IN_USE)
            if _numbers_given(connection) >= population:
                raise NotEnrolled(Refusal.FEDERATION_FULL)
            row = {"public_key": public_key, "fingerprint": fingerprint(public_key), "joined_at_s": now_s}
            connection.execute(insert(devices).values(invitation_id=invitation["id"], **row))
            made = _device(connection, devices.c.public_key == public_key)
            assert made is not None
            return made

    def active(self, node: bytes) -> Device:
        """The device with that fingerprint. Raises NotEnrolled where there is none, or where it was revoked."""
        with self.engine.connect() as connection:
            device = _device(connection, devices.c.fingerprint == node)
        if device is None:
            raise NotEnrolled(Refusal.DEVICE_UNKNOWN)
        if device.revoked_at_s is not None:
            raise NotEnrolled(Refusal.DEVICE_REVOKED)
        return device

    def replace_key(self, node: bytes, public_key: bytes) -> None:
        """Give the device with that fingerprint another key, which keeps its number. The old one is nobody's from here
        on. Raises NotEnrolled where there is no such device, it was revoked, or the key is another device's.
        """
        with writing(self.engine) as connection:
            device = _device(connection, devices.c.fingerprint == node)
            if device is None:
                raise NotEnrolled(Refusal.DEVICE_UNKNOWN)
            if device.revoked_at_s is not None:
                raise NotEnrolled(Refusal.DEVICE_REVOKED)
            if _device(connection, devices.c.public_key == public_key) is not None:
                raise NotEnrolled(Refusal.KEY_IN_USE)
            changed = {"public_key": public_key, "fingerprint": fingerprint(public_key)}
            connection.execute(update(devices).where(devices.c.number == device.number).values(**changed))

    def revoke(self, label: str, *, now_s: int) -> tuple[Invited, ...]:
        """End every invitation and device of that label, at once; what was ended. Raises BadInput."""
        with writing(self.engine) as connection:
            held = _invited(connection, label)
            if not held:
                raise BadInput(
                    f"revoke: no invitation was ever made for {label!r}; `sottovoce-server devices` lists them"
                )
            labelled = select(invitations.c.id).where(invitations.c.label == label)
            for table, which in ((invitations, invitations.c.id), (devices, devices.c.invitation_id)):
                ending = update(table).where(which.in_(labelled), table.c.revoked_at_s.is_(None))
                connection.execute(ending.values(revoked_at_s=now_s))
        return tuple(each for each in held if each.state(now_s=now_s) != "revoked")

    def invited(self) -> tuple[Invited, ...]:
        """Every invitation, in the order in which they were made."""
        with self.engine.connect() as connection:
            return _invited(connection, None)

    def devices(self) -> tuple[Device, ...]:
        """Those that may take part, by number: the list that Flower's SuperLink is to hold."""
        return tuple(
            each.device
            for each in sorted(self.invited(), key=lambda each: each.device.number if each.device else 0)
            if each.device is not None and each.device.revoked_at_s is None
        )

    def numbers_given(self) -> int:
        """Devices that were ever registered, revoked ones included."""
        with self.engine.connect() as connection:
            return _numbers_given(connection)

    def root(self) -> str:
        """For an intent's `registry_root`: of the Merkle tree over the fingerprints of those that may take part, by
        number. It says nothing of who they are."""
        return Tree(leaf_hash(fingerprint(device.public_key)) for device in self.devices()).root().hex()


def _hash(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _numbers_given(connection: Connection) -> int:
    last: int | None = connection.execute(select(func.max(devices.c.number))).scalar_one()
    return last or 0


_ABOUT_DEVICE: Sequence[Any] = (
    devices.c.number,
    devices.c.public_key,
    devices.c.joined_at_s,
    devices.c.revoked_at_s.label("left_at_s"),
)


def _device(connection: Connection, which: Any) -> Device | None:
    row = connection.execute(select(*_ABOUT_DEVICE, invitations.c.label).join(invitations).where(which)).mappings()
    found = row.one_or_none()
    return None if found is None else _read_device(found)


def _read_device(row: RowMapping) -> Device:
    return Device(
        number=row["number"],
        public_key=row["public_key"],
        joined_at_s=row["joined_at_s"],
        revoked_at_s=row["left_at_s"],
        label=row["label"],
    )


def _invited(connection: Connection, label: str | None) -> tuple[Invited, ...]:
    wanted = select(invitations, *_ABOUT_DEVICE).outerjoin(devices).order_by(invitations.c.id)
    if label is not None:
        wanted = wanted.where(invitations.c.label == label)
    return tuple(
        Invited(
            label=row["label"],
            made_at_s=row["made_at_s"],
            expires_at_s=row["expires_at_s"],
            revoked_at_s=row["revoked_at_s"],
            device=None if row["number"] is None else _read_device(row),
        )
        for row in connection.execute(wanted).mappings()
    )
