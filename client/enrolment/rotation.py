"""Another node key for a device that is enrolled: its number, its ledger and its pins stay.

Killed at any moment the device knows its key again: the next one is on disk before it is asked for, and is taken for
the device's own when the coordinator knows it, or forgotten when it never came to know it.
"""

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from client.enrolment.connection import Distribution, TurnedAway
from client.enrolment.node_key import unwrapped_node_key, wrapped_node_key
from client.enrolment.pins import Pins, member_pins, write_node_key
from client.files import NEXT_NODE_KEY
from client.profile import Profile
from shared_model.durable import write_atomically
from shared_model.wire.node_key import new_node_key
from shared_model.wire.refusal import Refusal


def replace_key(profile: Profile) -> None:
    """Raises Refused where the device is in no federation or is revoked, Unreachable where nobody answers: the same
    again goes on then."""
    member_pins(profile.history)
    next_key = profile.folder / NEXT_NODE_KEY
    if not next_key.exists():
        write_atomically(next_key, wrapped_node_key(new_node_key(), ledger_key=profile.ledger_key))
        next_key.chmod(0o600)
    settle_key(profile)


def settle_key(profile: Profile) -> None:
    """Go on with a replacement that was begun, if one was. Raises as `replace_key`."""
    next_key = profile.folder / NEXT_NODE_KEY
    if not next_key.exists():
        return
    pins, sealed = member_pins(profile.history), next_key.read_bytes()
    new = unwrapped_node_key(sealed, ledger_key=profile.ledger_key)
    if sealed != pins.node_key:  # else it was killed between the two last steps
        try:
            with _as(pins, unwrapped_node_key(pins.node_key, ledger_key=profile.ledger_key)) as service:
                service.replace_key(new)
        except TurnedAway as refusal:
            if refusal.reason is not Refusal.DEVICE_UNKNOWN:
                raise
            with _as(pins, new) as service:  # an answer that was lost; else this raises the same
                service.head(seen_size=0)
        write_node_key(profile.history, sealed)
    next_key.unlink()


def _as(pins: Pins, key: EllipticCurvePrivateKey) -> Distribution:
    return Distribution(pins.address, ca_pem=pins.ca_pem, node_key=key)
