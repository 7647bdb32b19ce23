"""Joining: from an invitation to a device that is enrolled, has pinned its federation, and holds its release.

The order is what makes it safe to be killed anywhere: node key and pins are on disk before anyone is asked; the
coordinator answers the same key the same again; the ledger names the federation before the answer is kept.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from client.consent.kinds import ListeningConsent, RoundsConsent
from client.enrolment.cache import FOLDER, Cache
from client.enrolment.connection import Distribution, TurnedAway
from client.enrolment.fetch import Fetched, fetch_release
from client.enrolment.node_key import unwrapped_node_key, wrapped_node_key
from client.enrolment.parts import wanted_parts
from client.enrolment.pins import Pins, forget_pins, member_pins, pins_for, read_pins, write_answer, write_pins
from client.enrolment.rotation import settle_key
from client.files import NEXT_NODE_KEY, SETTINGS
from client.ledger.ledger import open_ledger
from client.ledger.mirror import Mirror
from client.profile import Profile
from client.settings import read_settings
from shared_model.books.entries import Joined
from shared_model.books.ledger_law import log_key_of
from shared_model.errors import BadInput, Refused
from shared_model.wire.invitation import Invitation, read_invitation
from shared_model.wire.limits import INVITATION_CHARACTERS
from shared_model.wire.node_key import new_node_key
from shared_model.wire.refusal import Refusal

NEVER_IN = (
    Refusal.INVITATION_UNKNOWN,
    Refusal.INVITATION_EXPIRED,
    Refusal.INVITATION_REVOKED,
    Refusal.INVITATION_USED,
    Refusal.FEDERATION_FULL,
)
"""Then the node key is worth nothing. After any other failure it is kept: the coordinator may know it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An enrolled device."""

    pins: Pins
    release: Fetched


def given_invitation(given: str) -> Invitation:
    """An invitation, or the path of a file with one. Raises BadInput, without showing any of it."""
    try:
        path = Path(given)
        if len(given) < INVITATION_CHARACTERS and path.is_file():
            with path.open(encoding="ascii") as file:
                return read_invitation(file.read(INVITATION_CHARACTERS + 1))
    except (OSError, ValueError):  # too long for a path, or not ASCII
        pass
    return read_invitation(given)


def join(
    profile: Profile, invitation: Invitation, *, listening: ListeningConsent, rounds: RoundsConsent, now_s: float
) -> Member:
    """Enrol this device, or go on where it was killed; the same again does nothing. now_s: by the device's clock.

    listening, rounds: that the listener agreed to both. Raises Refused where the coordinator does not let it in, where
    it is in another federation, or where the ledger counts as spent; BadInput; Unreachable.
    """
    assert listening.receipt.is_in_force
    assert rounds.receipt.is_in_force
    pins = _pinned(profile.history, invitation, ledger_key=profile.ledger_key)
    key = unwrapped_node_key(pins.node_key, ledger_key=profile.ledger_key)
    with Distribution(pins.address, ca_pem=pins.ca_pem, node_key=key) as service:
        if pins.registration_number is None:
            try:
                number, superlink = service.enrol(bytes.fromhex(invitation.secret))
            except TurnedAway as refusal:
                if refusal.reason in NEVER_IN:
                    forget_pins(profile.history)
                raise
            write_joined(profile.ledger, pins, key=profile.ledger_key, mirror=profile.mirror)
            write_answer(profile.history, registration_number=number, superlink_address=superlink)
        return _with_release(profile, service, now_s=now_s)


def refresh(profile: Profile, *, rounds: RoundsConsent, now_s: float) -> Member:
    """The newest release of the federation that this device is in. Raises Refused where it is in none; as `join`."""
    assert rounds.receipt.is_in_force
    settle_key(profile)
    pins = member_pins(profile.history)
    key = unwrapped_node_key(pins.node_key, ledger_key=profile.ledger_key)
    with Distribution(pins.address, ca_pem=pins.ca_pem, node_key=key) as service:
        return _with_release(profile, service, now_s=now_s)


def leave(profile: Profile) -> bool:
    """Forget the federation's keys, this device's node key and the releases; whether it was in one.

    The ledger stays as it is: what was spent stays spent. The operator may be asked to revoke the device, too.
    """
    was = read_pins(profile.history) is not None
    if was:
        forget_pins(profile.history)
    (profile.folder / NEXT_NODE_KEY).unlink(missing_ok=True)
    Cache(profile.folder / FOLDER).clear()
    return was


def write_joined(ledger: Path, pins: Pins, *, key: bytes, mirror: Mirror) -> None:
    """The ledger's row, once for each time that the federation changes. Raises Refused where it counts as spent."""
    log_key_sha256 = hashlib.sha256(pins.log_verifier.public_key).hexdigest()
    with open_ledger(ledger, key=key, mirror=mirror) as opened:
        if log_key_of(opened.entries) != log_key_sha256:
            opened.append(Joined(log_key_sha256=log_key_sha256))


def _pinned(history: Engine, invitation: Invitation, *, ledger_key: bytes) -> Pins:
    """What is pinned already, or is from here on."""
    pins = read_pins(history)
    if pins is not None and not pins.is_of(invitation) and pins.registration_number is not None:
        raise Refused(
            f"join: this device is in the federation {pins.name}; leave it first. What was spent there stays spent"
        )
    if pins is not None and (not pins.is_of(invitation) or pins.address != invitation.address):
        if pins.registration_number is not None:
            raise BadInput(
                "join: this device is enrolled already, with a coordinator that listened elsewhere; leave first"
            )
        forget_pins(history)  # of an attempt that was never answered
        pins = None
    if pins is None:
        pins = pins_for(invitation, node_key=wrapped_node_key(new_node_key(), ledger_key=ledger_key))
        write_pins(history, pins)
    return pins


def _with_release(profile: Profile, service: Distribution, *, now_s: float) -> Member:
    pins = member_pins(profile.history)
    cache = Cache(profile.folder / FOLDER)
    # as the settings are now, not as they were when the profile was opened
    wanted = wanted_parts(read_settings(profile.folder / SETTINGS).encoders)
    release = fetch_release(service, pins, history=profile.history, cache=cache, now_s=now_s, wanted=wanted)
    return Member(pins=member_pins(profile.history), release=release)
