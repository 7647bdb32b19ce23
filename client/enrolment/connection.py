"""Talking to the coordinator: over TLS, trusting the pinned authority alone, in requests that the node key signs.

Whatever goes wrong is a sentence of this device's own: nothing that a coordinator sends reaches the terminal.
"""

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # before it is imported, else its core writes to the terminal
import grpc  # type: ignore[import-untyped]

from client.enrolment.unreachable import Unreachable
from shared_model.books.gate import LogProof
from shared_model.errors import BadInput, Refused, SottovoceError
from shared_model.wire import distribution_pb2 as wire
from shared_model.wire.address import split
from shared_model.wire.distribution_pb2_grpc import DistributionStub
from shared_model.wire.limits import REPLY_BYTES
from shared_model.wire.node_key import fingerprint, public_der, sign_request
from shared_model.wire.refusal import SENTENCES, Refusal

DEADLINE_S = 20.0
"""Of a request with one answer."""
FILE_DEADLINE_S = 240.0
"""Of one attempt at a file; the next goes on where it ended."""
_DIAGNOSIS_S = 5.0


class TurnedAway(Refused):
    """By the coordinator itself, with a reason."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(f"federation: {SENTENCES[reason]}")
        self.reason = reason


class Distribution:
    """The distribution service at `address`, for the device with that node key. A context manager."""

    def __init__(self, address: str, *, ca_pem: str, node_key: EllipticCurvePrivateKey) -> None:
        self._address, self._ca_pem, self._key = address, ca_pem, node_key
        self._public = public_der(node_key.public_key())
        options = [("grpc.max_receive_message_length", REPLY_BYTES), ("grpc.enable_retries", 0)]
        credentials = grpc.ssl_channel_credentials(root_certificates=ca_pem.encode())
        self._channel = grpc.secure_channel(address, credentials, options=options)
        self._stub: Any = DistributionStub(self._channel)  # type: ignore[no-untyped-call]

    def __enter__(self) -> "Distribution":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()

    def enrol(self, secret: bytes) -> tuple[int, str]:
        """Registration number, and the address of the SuperLink. The same key may ask again.

        Raises Refused, Unreachable, and BadInput for an answer that cannot be.
        """

        def ask() -> Any:
            nonce = self._nonce()
            signature = sign_request(self._key, method="Enrol", nonce=nonce, body=secret + self._public)
            request = wire.EnrolRequest(secret=secret, public_key=self._public, nonce=nonce, signature=signature)
            return self._stub.Enrol(request, timeout=DEADLINE_S)

        answer = self._answered(ask)
        try:
            split(answer.superlink_address)
        except ValueError as error:
            raise BadInput("join: the coordinator names no address for rounds; tell the operator") from error
        return answer.registration_number, answer.superlink_address

    def head(self, *, seen_size: int) -> tuple[bytes, tuple[bytes, ...]]:
        """The signed head, not checked yet, and the proof that the log which was seen is its beginning."""
        found = self._asked("GetHead", wire.HeadRequest(seen_size=seen_size))
        return found.head, tuple(found.consistency)

    def manifest(self, sha256: str) -> bytes:
        """The signed manifest of a release, not checked yet."""
        found: bytes = self._asked("GetRelease", wire.ReleaseRequest(sha256=bytes.fromhex(sha256))).manifest
        return found

    def proof(self, run: str, number: int, *, seen_size: int) -> LogProof:
        """Of a round's intent, not checked yet; its checkpoint is the signed head."""
        found = self._asked("GetProof", wire.ProofRequest(run=run, round=number, seen_size=seen_size))
        return LogProof(
            leaf=found.leaf,
            index=found.index,
            checkpoint=found.head,
            inclusion=tuple(found.inclusion),
            consistency=tuple(found.consistency),
        )

    def replace_key(self, new: EllipticCurvePrivateKey) -> None:
        """Ask that this device be known by another node key, and by this one no more."""
        public = public_der(new.public_key())
        proof = sign_request(new, method="ReplaceKey", nonce=fingerprint(self._public), body=public)
        self._asked("ReplaceKey", wire.KeyRequest(public_key=public, signature=proof))

    def chunks(self, sha256: str, *, offset: int) -> Iterator[bytes]:
        """The content of a file from `offset` on, not checked yet. Raises Unreachable where it breaks off."""
        body = wire.FileRequest(sha256=bytes.fromhex(sha256), offset=offset).SerializeToString()
        call = self._answered(lambda: self._stub.GetFile(self._signed("GetFile", body), timeout=FILE_DEADLINE_S))
        try:
            while (chunk := self._answered(lambda: next(call, None))) is not None:
                yield chunk.content
        finally:
            call.cancel()

    def _asked(self, method: str, body: Any) -> Any:
        content = body.SerializeToString()
        call = getattr(self._stub, method)
        return self._answered(lambda: call(self._signed(method, content), timeout=DEADLINE_S))

    def _signed(self, method: str, body: bytes) -> Any:
        nonce = self._nonce()
        signature = sign_request(self._key, method=method, nonce=nonce, body=body)
        return wire.SignedRequest(node=fingerprint(self._public), nonce=nonce, body=body, signature=signature)

    def _nonce(self) -> bytes:
        nonce: bytes = self._stub.Challenge(wire.ChallengeRequest(), timeout=DEADLINE_S).nonce
        return nonce

    def _answered(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except grpc.RpcError as error:
            raise self._in_words(error) from None

    def _in_words(self, error: Any) -> SottovoceError:
        said = error.details() or ""
        reason = next((each for each in Refusal if each.value == said), None)
        if reason in (Refusal.BUSY, Refusal.NONCE_SPENT):
            return Unreachable(f"federation: {SENTENCES[reason]}")
        if reason is not None:
            return TurnedAway(reason)
        status = error.code()
        if status is grpc.StatusCode.UNAVAILABLE:
            return diagnosis(self._address, ca_pem=self._ca_pem)
        if status is grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Unreachable(f"federation: {SENTENCES[Refusal.BUSY]}")
        if status is grpc.StatusCode.DEADLINE_EXCEEDED:
            return Unreachable(f"federation: {self._address} is too slow to answer; try again later")
        return Unreachable(f"federation: {self._address} failed ({status.name.lower()}); try again later")


def diagnosis(address: str, *, ca_pem: str) -> SottovoceError:
    """Why gRPC could not connect: Refused where whoever answers is not the coordinator, else Unreachable."""
    host, port = split(address)
    context = ssl.create_default_context(cadata=ca_pem)
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection((host, port), timeout=_DIAGNOSIS_S) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            pass
    except ssl.SSLCertVerificationError as error:
        return Refused(
            f"federation: {address} does not prove to be the coordinator that invited this device "
            f"({error.verify_message}); nothing was sent: check this computer's clock, and ask the operator"
        )
    except (OSError, ValueError) as error:
        return Unreachable(f"federation: {address} does not answer ({error}); check the network and try again")
    return Unreachable(f"federation: {address} broke off the connection; try again later")
