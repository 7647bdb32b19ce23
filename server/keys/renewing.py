"""A new certificate before the old one ends: of the same key, by the same authority, so that devices notice nothing.

One file is replaced, so that a kill at any moment leaves a certificate that fits its key.
"""

import datetime
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from server.keys.authority import Issued, issue
from server.keys.key_files import read_private_key
from server.place import Place
from server.settings import Settings
from shared_model.durable import write_atomically
from shared_model.errors import BadInput
from shared_model.wire.address import is_ip


def renew(place: Place, settings: Settings, *, now: datetime.datetime) -> datetime.datetime:
    """Replace the server's certificate; until when the new one is good. Raises BadInput where a key cannot be read."""
    authority, server = read_private_key(place.authority_key), read_private_key(place.server_key)
    if not isinstance(authority, ec.EllipticCurvePrivateKey) or not isinstance(server, ec.EllipticCurvePrivateKey):
        raise BadInput(f"keys: {place.keys} holds keys of another kind; put them back from a backup")
    try:
        certificate = x509.load_pem_x509_certificate(place.authority.read_bytes())
    except (OSError, ValueError) as error:
        raise BadInput(f"keys: {place.authority} cannot be read ({error}); put it back from a backup") from error
    if certificate.public_key() != authority.public_key():
        raise BadInput(f"keys: {place.authority} is not of the key in {place.authority_key}; put both back")
    _require_permitted(certificate, settings.hosts)
    made = issue(Issued(key=authority, certificate=certificate), settings.hosts, now=now, key=server)
    write_atomically(place.certificate, made.pem)
    return made.certificate.not_valid_after_utc


def _require_permitted(authority: x509.Certificate, hosts: Sequence[str]) -> None:
    """Raises BadInput for a name that the authority was not made for: devices would refuse the certificate."""
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = [str(name.value) for name in constraints.permitted_subtrees or ()]
    for host in hosts:
        if not is_ip(host) and not any(host == name or host.endswith(f".{name}") for name in permitted):
            raise BadInput(
                f"renew: the authority was made for {', '.join(permitted)} and not for {host}; a coordinator of "
                "another name is another one: make it with `sottovoce-server init`, and invite the devices anew"
            )
