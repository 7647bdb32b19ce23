"""What a release is made of: files by their hash, numbered, signed once by the release key; and what it has cost.

A signed note (https://c2sp.org/signed-note) of two lines: the name of the key, and canonical JSON.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from shared_model import canonical_json
from shared_model.books.notes import Signer, Verifier, open_note, sign_note
from shared_model.books.round_log import LoggedEpsilon, require_place
from shared_model.books.spelling import read, require_sha256, spell
from shared_model.errors import BadInput
from shared_model.wire.limits import FILE_BYTES, FILES

FORMAT_VERSION = 2
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_NAME = re.compile(rf"(?:{_PART}/)?{_PART}", re.ASCII)


class Part(StrEnum):
    """What a file is for.

    MODEL: a release 0, which devices recommend with; START: the one that rounds train from while they go on, where it
    is another; LYRICS_ENCODER: of a Hugging Face folder; AUDIO_ENCODER: weights; OTHER: the operator's own.
    """

    MODEL = "model"
    START = "start"
    LYRICS_ENCODER = "lyrics-encoder"
    AUDIO_ENCODER = "audio-encoder"
    OTHER = "other"


ONE_EACH = (Part.MODEL, Part.START, Part.AUDIO_ENCODER)
"""A release has at most one file of each of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFile:
    """name: for people and programs, with at most one folder, and no path of any disk; size_bytes: at most 1 TiB."""

    name: str
    sha256: str
    size_bytes: int
    part: Part = Part.OTHER

    def __post_init__(self) -> None:
        require_sha256("sha256", self.sha256)
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a plain name of letters, digits, dots, hyphens, underscores")
        if (self.part is Part.LYRICS_ENCODER) != ("/" in self.name):
            raise ValueError(f"{self.name!r}: the files of a lyrics encoder lie in its folder, and no others in any")
        if not 0 <= self.size_bytes <= FILE_BYTES:
            raise ValueError(f"{self.name} has {self.size_bytes} bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedInRounds:
    """run, round: in the log, the last round that the model has learned in; start_sha256: of the model that the run
    began with; spent: by the run until then, at `delta`, as the log has it."""

    run: str
    round: int
    start_sha256: str
    delta: float
    spent: LoggedEpsilon

    def __post_init__(self) -> None:
        require_place(self.run, self.round)
        require_sha256("start_sha256", self.start_sha256)
        if not 0 < self.delta < 1:
            raise ValueError(f"delta is {self.delta}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseManifest:
    """number: from 1, one more with each release; made_at_s: Unix seconds; learned: None where the model was made of
    public data alone."""

    format: int
    number: int
    made_at_s: int
    files: tuple[ReleaseFile, ...]
    learned: LearnedInRounds | None = None

    def __post_init__(self) -> None:
        if self.format != FORMAT_VERSION:
            raise ValueError(f"format {self.format}")
        if self.number < 1 or not 0 < len(self.files) <= FILES:
            raise ValueError(f"release {self.number} of {len(self.files)} files cannot be")
        if len({file.name for file in self.files}) != len(self.files):
            raise ValueError("a name comes twice")
        if any(len(self.of(part)) > 1 for part in ONE_EACH):
            raise ValueError("two files are the same part of it")
        if len({file.name.partition("/")[0] for file in self.of(Part.LYRICS_ENCODER)}) > 1:
            raise ValueError("it has two lyrics encoders")

    def of(self, part: Part) -> tuple[ReleaseFile, ...]:
        """Its files that are for that."""
        return tuple(file for file in self.files if file.part is part)

    @property
    def model(self) -> ReleaseFile | None:
        """What devices recommend with; None where they keep what they have installed."""
        return next(iter(self.of(Part.MODEL)), None)

    def signed(self, signer: Signer) -> bytes:
        """The note."""
        return sign_note(f"{signer.name}\n{canonical_json.encode(spell(self)).decode()}\n", signer)


def open_manifest(content: bytes, verifier: Verifier) -> ReleaseManifest:
    """The manifest in a note that `verifier` signed. Raises BadInput."""
    lines = open_note(content, [verifier], what="release").split("\n")
    if len(lines) != 3 or lines[0] != verifier.name:
        raise BadInput("release: signed, but not a manifest; tell the operator")
    return read(ReleaseManifest, canonical_json.decode(lines[1].encode(), what="release"), what="release")
