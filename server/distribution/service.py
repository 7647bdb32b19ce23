"""The gRPC methods of `shared_model/wire/distribution.proto`, from messages to registry, log and releases and back.

Nothing here logs who asks: events have a method and, where it was refused, the reason's word.
"""

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from server.distribution.challenges import Challenges
from server.distribution.log_view import LogView
from server.distribution.refusing import refusing
from server.distribution.releases import Releases
from server.registry.device import Device
from server.registry.registry import NotEnrolled, Registry
from shared_model.books.notes import Signer
from shared_model.wire import distribution_pb2 as wire
from shared_model.wire.distribution_pb2_grpc import DistributionServicer
from shared_model.wire.head import Head, signed_head
from shared_model.wire.invitation import SECRET_BYTES
from shared_model.wire.limits import CHUNK_BYTES
from shared_model.wire.node_key import read_public_der, signed_by
from shared_model.wire.refusal import Refusal

_LOG = logging.getLogger("sottovoce.distribution")
_CHUNKS_BETWEEN_CHECKS = 16
Body = TypeVar("Body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What the service gives out and whom it asks. enrolled: called before a device is told that it is in, again when
    it asks again; clock: Unix seconds."""

    registry: Registry
    log: LogView
    releases: Releases
    signer: Signer
    population: int
    challenges: Challenges
    superlink_address: str
    enrolled: Callable[[Device], None]
    clock: Callable[[], float]


class Service(DistributionServicer):
    """Each method is called from a thread of its own."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def Challenge(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002, D102  gRPC's names
        return wire.ChallengeReply(nonce=self._shelf.challenges.issue())

    def Enrol(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        shelf = self._shelf
        with refusing(context, "Enrol"):
            if len(request.secret) != SECRET_BYTES:
                raise NotEnrolled(Refusal.REQUEST_MALFORMED)
            try:
                key = read_public_der(request.public_key)
            except ValueError as error:
                raise NotEnrolled(Refusal.KEY_UNFIT) from error
            body = request.secret + request.public_key
            if not signed_by(key, request.signature, method="Enrol", nonce=request.nonce, body=body):
                raise NotEnrolled(Refusal.SIGNATURE_WRONG)
            if not shelf.challenges.spend(request.nonce):
                raise NotEnrolled(Refusal.NONCE_SPENT)
            device = shelf.registry.redeem(
                request.secret, request.public_key, now_s=int(shelf.clock()), population=shelf.population
            )
            shelf.enrolled(device)
            _LOG.info("device.enrolled")
            return wire.EnrolReply(registration_number=device.number, superlink_address=shelf.superlink_address)

    def GetHead(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        with refusing(context, "GetHead"):
            asked = self._asked(request, "GetHead", wire.HeadRequest)
            head, consistency = self._head(asked.seen_size)
            return wire.HeadReply(head=signed_head(head, self._shelf.signer), consistency=consistency)

    def GetRelease(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        with refusing(context, "GetRelease"):
            asked = self._asked(request, "GetRelease", wire.ReleaseRequest)
            manifest = self._shelf.releases.manifest(asked.sha256)
            if manifest is None:
                raise NotEnrolled(Refusal.RELEASE_UNKNOWN)
            return wire.ReleaseReply(manifest=manifest)

    def GetProof(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        with refusing(context, "GetProof"):
            asked = self._asked(request, "GetProof", wire.ProofRequest)
            head, consistency = self._head(asked.seen_size)
            found = self._shelf.log.announced(asked.run, asked.round, size=head.checkpoint.size)
            if found is None:
                raise NotEnrolled(Refusal.ROUND_UNKNOWN)
            return wire.ProofReply(
                leaf=found.leaf,
                index=found.index,
                head=signed_head(head, self._shelf.signer),
                inclusion=found.inclusion,
                consistency=consistency,
            )

    def GetFile(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802, D102
        with refusing(context, "GetFile"):
            asked = self._asked(request, "GetFile", wire.FileRequest)
            try:
                path = self._shelf.releases.file(asked.sha256)
            except ValueError as error:
                raise NotEnrolled(Refusal.REQUEST_MALFORMED) from error
            if path is None:
                raise NotEnrolled(Refusal.FILE_UNKNOWN)
            with path.open("rb") as file:
                file.seek(max(asked.offset, 0))
                for number in itertools.count():
                    if number % _CHUNKS_BETWEEN_CHECKS == 0:
                        self._shelf.registry.active(request.node)  # it may be revoked meanwhile
                    piece = file.read(CHUNK_BYTES)
                    if not piece or not context.is_active():
                        return
                    yield wire.Chunk(content=piece)

    def ReplaceKey(self, request: Any, context: Any) -> Any:  # noqa: N802, D102
        with refusing(context, "ReplaceKey"):
            asked = self._asked(request, "ReplaceKey", wire.KeyRequest)
            try:
                key = read_public_der(asked.public_key)
            except ValueError as error:
                raise NotEnrolled(Refusal.KEY_UNFIT) from error
            proof = {"method": "ReplaceKey", "nonce": request.node, "body": asked.public_key}
            if not signed_by(key, asked.signature, **proof):
                raise NotEnrolled(Refusal.SIGNATURE_WRONG)
            self._shelf.registry.replace_key(request.node, asked.public_key)
            _LOG.info("device.key_replaced")
            return wire.KeyReply()

    def _asked(self, request: Any, method: str, kind: Callable[[], Body]) -> Body:
        """The body of a request that an active device signed. Raises NotEnrolled."""
        device = self._shelf.registry.active(request.node)
        key = read_public_der(device.public_key)
        if not signed_by(key, request.signature, method=method, nonce=request.nonce, body=request.body):
            raise NotEnrolled(Refusal.SIGNATURE_WRONG)
        if not self._shelf.challenges.spend(request.nonce):
            raise NotEnrolled(Refusal.NONCE_SPENT)
        body: Any = kind()
        try:
            body.ParseFromString(request.body)
        except DecodeError as error:
            raise NotEnrolled(Refusal.REQUEST_MALFORMED) from error
        found: Body = body
        return found

    def _head(self, seen_size: int) -> tuple[Head, tuple[bytes, ...]]:
        """The newest head, and that the log which was seen is its beginning."""
        shelf = self._shelf
        checkpoint = shelf.log.checkpoint()
        head = Head(checkpoint=checkpoint, release=shelf.releases.latest(), at_s=int(shelf.clock()))
        try:
            return head, shelf.log.consistency(seen_size, checkpoint.size)
        except IndexError as error:
            raise NotEnrolled(Refusal.LOG_SHORTER) from error
