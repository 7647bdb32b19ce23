# ruff: noqa
# fmt: off
# mypy: ignore-errors
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class ChallengeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ChallengeReply(_message.Message):
    __slots__ = ("nonce",)
    NONCE_FIELD_NUMBER: _ClassVar[int]
    nonce: bytes
    def __init__(self, nonce: _Optional[bytes] = ...) -> None: ...

class EnrolRequest(_message.Message):
    __slots__ = ("secret", "public_key", "nonce", "signature")
    SECRET_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    secret: bytes
    public_key: bytes
    nonce: bytes
    signature: bytes
    def __init__(self, secret: _Optional[bytes] = ..., public_key: _Optional[bytes] = ..., nonce: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class EnrolReply(_message.Message):
    __slots__ = ("registration_number", "superlink_address")
    REGISTRATION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SUPERLINK_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    registration_number: int
    superlink_address: str
    def __init__(self, registration_number: _Optional[int] = ..., superlink_address: _Optional[str] = ...) -> None: ...

class SignedRequest(_message.Message):
    __slots__ = ("node", "nonce", "body", "signature")
    NODE_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    node: bytes
    nonce: bytes
    body: bytes
    signature: bytes
    def __init__(self, node: _Optional[bytes] = ..., nonce: _Optional[bytes] = ..., body: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class HeadRequest(_message.Message):
    __slots__ = ("seen_size",)
    SEEN_SIZE_FIELD_NUMBER: _ClassVar[int]
    seen_size: int
    def __init__(self, seen_size: _Optional[int] = ...) -> None: ...

class HeadReply(_message.Message):
    __slots__ = ("head", "consistency")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    head: bytes
    consistency: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, head: _Optional[bytes] = ..., consistency: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("sha256",)
    SHA256_FIELD_NUMBER: _ClassVar[int]
    sha256: bytes
    def __init__(self, sha256: _Optional[bytes] = ...) -> None: ...

class ReleaseReply(_message.Message):
    __slots__ = ("manifest",)
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    manifest: bytes
    def __init__(self, manifest: _Optional[bytes] = ...) -> None: ...

class ProofRequest(_message.Message):
    __slots__ = ("run", "round", "seen_size")
    RUN_FIELD_NUMBER: _ClassVar[int]
    ROUND_FIELD_NUMBER: _ClassVar[int]
    SEEN_SIZE_FIELD_NUMBER: _ClassVar[int]
    run: str
    round: int
    seen_size: int
    def __init__(self, run: _Optional[str] = ..., round: _Optional[int] = ..., seen_size: _Optional[int] = ...) -> None: ...

class ProofReply(_message.Message):
    __slots__ = ("leaf", "index", "head", "inclusion", "consistency")
    LEAF_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    leaf: bytes
    index: int
    head: bytes
    inclusion: _containers.RepeatedScalarFieldContainer[bytes]
    consistency: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, leaf: _Optional[bytes] = ..., index: _Optional[int] = ..., head: _Optional[bytes] = ..., inclusion: _Optional[_Iterable[bytes]] = ..., consistency: _Optional[_Iterable[bytes]] = ...) -> None: ...

class FileRequest(_message.Message):
    __slots__ = ("sha256", "offset")
    SHA256_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    sha256: bytes
    offset: int
    def __init__(self, sha256: _Optional[bytes] = ..., offset: _Optional[int] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("content",)
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    content: bytes
    def __init__(self, content: _Optional[bytes] = ...) -> None: ...

class KeyRequest(_message.Message):
    __slots__ = ("public_key", "signature")
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    public_key: bytes
    signature: bytes
    def __init__(self, public_key: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class KeyReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
