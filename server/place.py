"""The coordinator's folder: where everything of one federation lies."""

from dataclasses import dataclass
from pathlib import Path

from shared_model.errors import BadInput


@dataclass(frozen=True, slots=True)
class Place:
    """Paths below `root`; nothing is read. `open_place` makes sure that a coordinator was made there."""

    root: Path

    @property
    def settings(self) -> Path:
        """What the operator chose."""
        return self.root / "settings.toml"

    @property
    def registry(self) -> Path:
        """SQLite: invitations and devices."""
        return self.root / "registry.db"

    @property
    def log(self) -> Path:
        """Folder of the round log, public."""
        return self.root / "log"

    @property
    def releases(self) -> Path:
        """Folder of what devices fetch, public."""
        return self.root / "releases"

    @property
    def keys(self) -> Path:
        """Folder of all private keys, 0700."""
        return self.root / "keys"

    @property
    def authority_key(self) -> Path:
        """Only `init` and renewing the server's certificate need it: it may be kept elsewhere."""
        return self.keys / "ca.key.pem"

    @property
    def server_key(self) -> Path:
        """Of the TLS certificate."""
        return self.keys / "server.key.pem"

    @property
    def log_key(self) -> Path:
        """Signs checkpoints and heads; needed all the time."""
        return self.keys / "log.key.pem"

    @property
    def release_key(self) -> Path:
        """Signs releases; needed when one is published alone, and may be kept elsewhere."""
        return self.keys / "release.key.pem"

    @property
    def authority(self) -> Path:
        """The authority's certificate."""
        return self.root / "ca.pem"

    @property
    def certificate(self) -> Path:
        """The server's certificate."""
        return self.root / "server.pem"

    @property
    def log_public(self) -> Path:
        """For auditors."""
        return self.root / "log.pub.pem"

    @property
    def release_public(self) -> Path:
        """For auditors."""
        return self.root / "release.pub.pem"


def open_place(root: Path) -> Place:
    """Raises BadInput where no coordinator was made."""
    place = Place(root)
    if not place.settings.is_file():
        raise BadInput(f"coordinator: there is none in {root}; make one with `sottovoce-server init {root}`")
    return place
