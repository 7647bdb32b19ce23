"""What a device is told while its coordinator stays away; apart, so that reading what was fetched imports no gRPC."""

from shared_model.errors import SottovoceError


class Unreachable(SottovoceError):
    """The coordinator does not answer, or not yet: the same may work later."""
