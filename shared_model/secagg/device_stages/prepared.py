"""Before a word was said."""

from dataclasses import dataclass
from typing import ClassVar

from shared_model.secagg.device_stages.announced import Announced
from shared_model.secagg.keys import sign_keys
from shared_model.secagg.limits import refused
from shared_model.secagg.messages import Announcement, Kind, Reader
from shared_model.secagg.own import Own


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """It gives its keys unasked."""

    hears: ClassVar[Kind] = Kind.KEYS
    own: Own

    def announce(self) -> tuple[bytes, Announced]:
        """The keys of this round, signed by the node."""
        own = self.own
        keys = own.secrets.public()
        signature = sign_keys(own.node_key, keys, digest=own.terms.digest, number=own.number)
        return Announcement(keys=keys, signature=signature).body(), Announced(own=own)

    def answer(self, _reader: Reader) -> tuple[bytes, None]:
        """Raises Refused."""
        raise refused("it is told keys before it gave its own")
