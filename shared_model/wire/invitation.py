"""An invitation: one line that an operator hands to one person, and that enrols one device, once.

It is a bearer's: whoever has it first, enrols. It carries everything that the device pins, so that nothing is trusted
on first use. base64url without padding, over canonical JSON.
"""

import base64
import binascii
import re
import warnings
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from shared_model import canonical_json
from shared_model.books.notes import Verifier
from shared_model.books.spelling import read, require_sha256, spell
from shared_model.errors import BadInput
from shared_model.wire.address import split
from shared_model.wire.limits import INVITATION_CHARACTERS

FORMAT_VERSION = 1
SECRET_BYTES = 32
_UNREADABLE = (
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)
_FEDERATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """address: host:port of the distribution service; ca_pem: the certificate that vouches for it, and for nothing
    else; log_key, release_key: vkeys; secret: 32 bytes in hexadecimal; expires_at_s: Unix seconds.

    Raises ValueError for what cannot be.
    """

    format: int
    federation: str
    address: str
    ca_pem: str
    log_key: str
    release_key: str
    secret: str = field(repr=False)
    expires_at_s: int

    def __post_init__(self) -> None:
        if self.format != FORMAT_VERSION:
            raise ValueError(f"format {self.format}")
        require_federation(self.federation)
        split(self.address)
        require_sha256("secret", self.secret)  # the same spelling: 32 bytes
        require_authority(self.ca_pem)
        for vkey in (self.log_key, self.release_key):
            if Verifier.from_vkey(vkey).vkey != vkey:
                raise ValueError("a key in another spelling")

    @property
    def text(self) -> str:
        """The line, without its newline."""
        return base64.urlsafe_b64encode(canonical_json.encode(spell(self))).decode().rstrip("=")


def read_invitation(text: str) -> Invitation:
    """The inverse of `Invitation.text`; white space, as mail programs add it, is ignored.

    Raises BadInput, which shows nothing of the invitation.
    """
    squeezed = "".join(text.split())
    damaged = BadInput(
        "invitation: it is damaged, or of another version of sottovoce; copy the whole line again, name the file that "
        "it is in, or ask for another"
    )
    if not 0 < len(squeezed) <= INVITATION_CHARACTERS or not squeezed.isascii():
        raise damaged
    try:
        content = base64.b64decode(squeezed + "=" * (-len(squeezed) % 4), altchars=b"-_", validate=True)
        invitation = read(Invitation, canonical_json.decode(content, what="invitation"), what="invitation")
    except (binascii.Error, ValueError, BadInput):
        raise damaged from None
    if invitation.text != squeezed:
        raise damaged
    return invitation


def require_federation(name: str) -> None:
    """Raises ValueError unless a federation can have this name."""
    if not _FEDERATION.fullmatch(name):
        raise ValueError(f"federation is {name!r}; it is 1 to 64 letters, digits, dots, hyphens and underscores")


def require_authority(pem: str) -> None:
    """Raises ValueError unless `pem` is one certificate of an authority, and nothing beside it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # cryptography warns of certificates that it will not read much longer
            certificate = x509.load_pem_x509_certificate(pem.encode())
            basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (*_UNREADABLE, Warning) as error:
        raise ValueError("the certificate is not an authority's") from error
    if not basic.ca or certificate.public_bytes(serialization.Encoding.PEM).decode() != pem:
        raise ValueError("the certificate is not an authority's alone")
