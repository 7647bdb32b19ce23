"""From what a request fails of to what its sender is told: one word, or nothing."""

import logging
from typing import Any, NoReturn

import grpc  # type: ignore[import-untyped]
from sqlalchemy.exc import OperationalError

from server.registry.registry import NotEnrolled
from shared_model.wire.refusal import Refusal

_LOG = logging.getLogger("sottovoce.distribution")
_STATUS = {
    Refusal.NONCE_SPENT: grpc.StatusCode.UNAUTHENTICATED,
    Refusal.SIGNATURE_WRONG: grpc.StatusCode.UNAUTHENTICATED,
    Refusal.REQUEST_MALFORMED: grpc.StatusCode.INVALID_ARGUMENT,
    Refusal.FILE_UNKNOWN: grpc.StatusCode.NOT_FOUND,
    Refusal.RELEASE_UNKNOWN: grpc.StatusCode.NOT_FOUND,
    Refusal.ROUND_UNKNOWN: grpc.StatusCode.NOT_FOUND,
    Refusal.LOG_SHORTER: grpc.StatusCode.FAILED_PRECONDITION,
    Refusal.BUSY: grpc.StatusCode.UNAVAILABLE,
}
"""Any other refusal is PERMISSION_DENIED."""


class refusing:  # noqa: N801  a context manager, written as a function would be
    """Turns what may be told into a status with one word, and everything else into one that tells nothing."""

    def __init__(self, context: Any, method: str) -> None:
        self._context, self._method = context, method

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NotEnrolled):
            self._refuse(error.reason)
        elif isinstance(error, OperationalError):  # SQLite's: locked for too long, or the disk is full
            self._refuse(Refusal.BUSY)
        elif isinstance(error, Exception):
            _LOG.error("request.failed", extra={"method": self._method, "kind": type(error).__name__})
            self._context.abort(grpc.StatusCode.INTERNAL, "failed")

    def _refuse(self, reason: Refusal) -> NoReturn:
        _LOG.info("request.refused", extra={"method": self._method, "reason": reason.value})
        self._context.abort(_STATUS.get(reason, grpc.StatusCode.PERMISSION_DENIED), reason.value)
        raise AssertionError("abort raises")
