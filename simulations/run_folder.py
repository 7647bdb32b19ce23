"""What a run leaves behind, and how it is taken up again after a kill.

A run folder belongs to one scenario; `scenario.json` is its first file and says which.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from shared_model.durable import write_atomically
from shared_model.errors import BadInput
from simulations.report.page import PAGE_NAME


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths below `root`."""

    root: Path

    @property
    def scenario(self) -> Path:
        """The settings that the run was started with."""
        return self.root / "scenario.json"

    @property
    def release_0(self) -> Path:
        """The head as trained on public listening."""
        return self.root / "release-0.safetensors"

    def head(self, name: str) -> Path:
        """A head of a quality job, as `seed-0` or `without-cold-tracks`."""
        return self.root / f"head-{name}.safetensors"

    @property
    def release(self) -> Path:
        """The signed release that the private rounds ended in."""
        return self.root / "release.safetensors"

    @property
    def release_key(self) -> Path:
        """The public key that it is signed with, as the round log and the seal are; the private one was thrown away."""
        return self.root / "release.pub"

    @property
    def predictions(self) -> Path:
        """Arrays `listener`, `target`, `top20`, in the ids of the data set."""
        return self.root / "predictions.npz"

    @property
    def result(self) -> Path:
        """Every number of the report; written last, so that a folder that has it is finished."""
        return self.root / "result.json"

    @property
    def scalars(self) -> Path:
        """The curve for TensorBoard."""
        return self.root / "scalars"

    @property
    def page(self) -> Path:
        """The report for people."""
        return self.root / PAGE_NAME

    @property
    def log(self) -> Path:
        """The round log of the private training: leaves, signed checkpoint, public key."""
        return self.root / "log"

    def rounds(self, name: str) -> Path:
        """The checkpoints of one training, as `federated` or `federated_private`."""
        return self.root / name

    def check(self, settings: dict[str, object], *, resume: bool) -> None:
        """Whether a run with these settings may go here, before anything is computed or written.

        Raises BadInput where a run lies there and `resume` was not asked for, where it has other settings, and where
        other files lie there.
        """
        if self.scenario.exists():
            if not resume:
                raise BadInput(
                    f"{self.root}: a run lies there already; go on with it by --resume, or give another --out"
                )
            self._must_be(settings)
        elif self.root.exists() and not (self.root.is_dir() and not any(self.root.iterdir())):
            raise BadInput(f"{self.root}: holds other files; give an empty or a new folder to --out")

    def begin(self, settings: dict[str, object]) -> None:
        """Make the folder and write its first file, if that was not done yet. Raises BadInput where it cannot."""
        if self.scenario.exists():
            return
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            write_atomically(self.scenario, json.dumps(settings, indent=1, sort_keys=True).encode())
        except OSError as error:
            raise BadInput(f"{self.root}: cannot be written ({error.strerror}); give another --out") from error

    def _must_be(self, settings: dict[str, object]) -> None:
        try:
            started_with = json.loads(self.scenario.read_bytes())
        except (OSError, ValueError) as error:
            raise BadInput(
                f"{self.scenario}: cannot be read ({error}); start the run anew in another folder"
            ) from error
        differing = sorted(key for key in {*started_with, *settings} if started_with.get(key) != settings.get(key))
        if differing:
            raise BadInput(
                f"{self.root}: was started with another {' and '.join(differing)}; resume with the same settings, "
                "or give another --out"
            )
