"""A coordinator that listens on loopback, and a device that speaks to it message by message."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from server.distribution.server import DistributionServer
from server.place import Place
from server.settings import Settings
from shared_model.wire import distribution_pb2 as wire
from shared_model.wire.distribution_pb2_grpc import DistributionStub
from shared_model.wire.node_key import fingerprint, new_node_key, public_der, sign_request
from tests.server.coordinator import free_port, invited, made, small_settings


@dataclass(kw_only=True)
class Speaker:
    """Says what it is told to, true or not."""

    stub: Any
    key: EllipticCurvePrivateKey

    @property
    def public(self) -> bytes:
        return public_der(self.key.public_key())

    def nonce(self) -> bytes:
        return bytes(self.stub.Challenge(wire.ChallengeRequest(), timeout=10).nonce)

    def enrolling(self, secret: str, *, nonce: bytes | None = None) -> Any:
        nonce = self.nonce() if nonce is None else nonce
        body = bytes.fromhex(secret) + self.public
        signature = sign_request(self.key, method="Enrol", nonce=nonce, body=body)
        return wire.EnrolRequest(secret=body[:32], public_key=self.public, nonce=nonce, signature=signature)

    def enrol(self, secret: str) -> Any:
        return self.stub.Enrol(self.enrolling(secret), timeout=10)

    def signed(self, method: str, body: Any, *, nonce: bytes | None = None) -> Any:
        nonce, content = self.nonce() if nonce is None else nonce, body.SerializeToString()
        signature = sign_request(self.key, method=method, nonce=nonce, body=content)
        return wire.SignedRequest(node=fingerprint(self.public), nonce=nonce, body=content, signature=signature)


@dataclass(kw_only=True)
class Served:
    place: Place
    settings: Settings
    speaker: Callable[[], Speaker]

    def enrolled(self, label: str = "phone") -> Speaker:
        speaker = self.speaker()
        speaker.enrol(invited(self.place, self.settings, label).secret)
        return speaker


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    settings = small_settings(distribution=free_port())
    place = made(tmp_path / "s", settings)
    credentials = grpc.ssl_channel_credentials(root_certificates=place.authority.read_bytes())
    channels = []

    def speaker() -> Speaker:
        options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
        channels.append(grpc.secure_channel(settings.distribution_address, credentials, options=options))
        return Speaker(stub=DistributionStub(channels[-1]), key=new_node_key())

    with DistributionServer(place, settings):
        yield Served(place=place, settings=settings, speaker=speaker)
        for channel in channels:
            channel.close()
