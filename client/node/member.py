"""A member of a federation taking part: its pins and its profile become a node."""

import threading

from client.enrolment.connection import Distribution
from client.enrolment.keep_fresh import kept_fresh
from client.enrolment.node_key import unwrapped_node_key
from client.enrolment.pins import Pins
from client.files import NODE
from client.node.node import run_node
from client.node.round import Participant
from client.node.supernode import Enrolled
from client.profile import Profile
from shared_model.durable import write_atomically
from shared_model.errors import Refused, SottovoceError
from shared_model.wire.head import open_head


def run_member(profile: Profile, pins: Pins, *, stop: threading.Event) -> None:
    """Answer rounds until `stop`. Raises Refused where the coordinator has not said yet where its rounds are."""
    if pins.superlink_address is None:
        raise Refused("federation: this device has not got its answer yet; join once more")
    home = profile.folder / NODE
    home.mkdir(mode=0o700, exist_ok=True)
    authority = home / "ca.pem"
    write_atomically(authority, pins.ca_pem.encode("ascii"))
    key = unwrapped_node_key(pins.node_key, ledger_key=profile.ledger_key)

    def consistency(old: int, new: int) -> tuple[bytes, ...] | None:
        """From the coordinator's log, checked by whoever asked like any other proof."""
        try:
            with Distribution(pins.address, ca_pem=pins.ca_pem, node_key=key) as service:
                note, proof = service.head(seen_size=old)
                # a newer log than the invitation's is no proof for it; the next invitation brings one
                return proof if open_head(note, pins.log_verifier).checkpoint.size == new else None
        except SottovoceError:
            return None

    enrolled = Enrolled(superlink=pins.superlink_address, authority=authority, node_key=key, home=home)
    with kept_fresh(profile, stop=stop) as ask_again:
        participant = Participant(profile=profile, pinned=pins.log_verifier, fetch=consistency, missed=ask_again)
        run_node(enrolled, participant, stop=stop)
