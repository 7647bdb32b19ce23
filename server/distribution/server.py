"""The distribution service as a whole: a gRPC server over TLS, started and stopped by whoever runs the coordinator.

What one peer can hold is bounded: handshakes, silent connections and streams end by themselves. A device that loads
slowly is cut off with its connection and goes on where it was. How many connections one address may open is the
firewall's to say.
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # before it is imported; else every failed handshake is a line
import grpc  # type: ignore[import-untyped]
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

from server.distribution.challenges import Challenges
from server.distribution.log_view import LogView
from server.distribution.releases import Releases
from server.distribution.service import Service, Shelf
from server.keys.key_files import read_private_key
from server.keys.signing import log_signer
from server.place import Place
from server.registry.database import open_registry
from server.registry.device import Device
from server.registry.registry import Registry
from server.settings import Settings
from shared_model.errors import BadInput
from shared_model.wire.address import joined
from shared_model.wire.distribution_pb2_grpc import add_DistributionServicer_to_server
from shared_model.wire.limits import REQUEST_BYTES

NAME = "sottovoce.distribution.v1.Distribution"
"""Of the service, for the health service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """workers: requests at once, the rest are refused as busy; streams: of one connection; handshake_s: for TLS;
    idle_s: without a request; age_s and grace_s: of a connection, and how much longer its requests may go on."""

    workers: int = 64
    streams: int = 8
    handshake_s: float = 10.0
    idle_s: float = 60.0
    age_s: float = 60.0
    grace_s: float = 60.0


class DistributionServer:
    """Opens everything when it is made, and listens from `start` to `stop`; a context manager does both.

    enrolled: called in a request's thread with each device that redeems an invitation, before it is told so, and again
    when it asks again; what it raises is a failure that the device tries again after. Raises BadInput where a file of
    the coordinator is missing or damaged.
    """

    def __init__(
        self,
        place: Place,
        settings: Settings,
        *,
        enrolled: Callable[[Device], None] = lambda device: None,  # noqa: ARG005
        clock: Callable[[], float] = time.time,
        limits: Limits = Limits(),
    ) -> None:
        signer = log_signer(place, settings)
        log = LogView(place.log, signer.verifier)
        log.checkpoint()
        shelf = Shelf(
            registry=Registry(open_registry(place.registry)),
            log=log,
            releases=Releases(place.releases),
            signer=signer,
            population=settings.plan.population,
            challenges=Challenges(time.monotonic),
            superlink_address=settings.superlink_address,
            enrolled=enrolled,
            clock=clock,
        )
        self._address = joined(settings.listen, settings.ports.distribution)
        read_private_key(place.server_key)  # so that it is whole, and nobody else's
        pair = (place.server_key.read_bytes(), place.certificate.read_bytes())
        self._credentials = grpc.ssl_server_credentials([pair])
        self._health = health.HealthServicer()
        self._server = grpc.server(
            ThreadPoolExecutor(limits.workers, thread_name_prefix="distribution"),
            options=_options(limits),
            maximum_concurrent_rpcs=limits.workers,
        )
        add_DistributionServicer_to_server(Service(shelf), self._server)  # type: ignore[no-untyped-call]
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)

    def start(self) -> None:
        """Listen. Raises BadInput where the port is taken."""
        try:
            bound = self._server.add_secure_port(self._address, self._credentials)
        except RuntimeError:
            bound = 0
        if bound == 0:
            raise BadInput(f"distribution: {self._address} cannot be listened at; is another program there?")
        self._server.start()
        for name in ("", NAME):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    def stop(self, grace_s: float = 5.0) -> None:
        """Say that it is ending, let requests finish for so long, and return when nothing listens any more."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace_s).wait()

    def __enter__(self) -> "DistributionServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _options(limits: Limits) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", REQUEST_BYTES),
        ("grpc.max_metadata_size", 8192),
        ("grpc.max_concurrent_streams", limits.streams),
        ("grpc.server_handshake_timeout_ms", int(1000 * limits.handshake_s)),
        ("grpc.max_connection_idle_ms", int(1000 * limits.idle_s)),
        ("grpc.max_connection_age_ms", int(1000 * limits.age_s)),
        ("grpc.max_connection_age_grace_ms", int(1000 * limits.grace_s)),
        ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
        ("grpc.so_reuseport", 0),  # else a second coordinator shares the port instead of being refused it
    ]
