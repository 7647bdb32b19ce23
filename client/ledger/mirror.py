"""Counter and head of the ledger, kept apart from its file, so that an old copy of the file is noticed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shared_model import canonical_json
from shared_model.books.chain import Mirrored
from shared_model.books.spelling import read, spell
from shared_model.durable import write_atomically
from shared_model.errors import BadInput, Refused


class Mirror(Protocol):
    """Where they are kept; on a listener's device that is to be somewhere that is not restored with the file."""

    def read(self) -> Mirrored | None:
        """What was written last, or None where nothing was. Raises Refused where it cannot be read."""

    def write(self, mirrored: Mirrored) -> None:
        """Keep it; when this returns it survives a power cut."""


@dataclass(frozen=True, slots=True)
class FileMirror:
    """In a second file. It notices a lost or an older ledger, not a folder that was restored as a whole."""

    path: Path

    def read(self) -> Mirrored | None:
        """As `Mirror.read`."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(
                f"ledger: its mirror cannot be read ({error.strerror}); the budget counts as spent"
            ) from error
        return mirror_from(content)

    def write(self, mirrored: Mirrored) -> None:
        """As `Mirror.write`; its owner alone reads it."""
        write_atomically(self.path, mirror_content(mirrored))
        self.path.chmod(0o600)


def mirror_content(mirrored: Mirrored) -> bytes:
    """What a mirror keeps."""
    return canonical_json.encode(spell(mirrored))


def mirror_from(content: bytes) -> Mirrored:
    """What `mirror_content` spelled. Raises Refused for anything else: unknown is no."""
    try:
        return read(Mirrored, canonical_json.decode(content, what="mirror"), what="mirror")
    except BadInput as error:
        raise Refused("ledger: its mirror is damaged; the budget counts as spent") from error
