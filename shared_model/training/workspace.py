"""What a simulated round needs, laid out in a folder, where server and clients in other processes find it.

It stands in for what a deployed device holds itself: its release, the signed plan, its own examples and ledger.
Letters: U devices, E examples of each.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import safetensors.torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor

from shared_model.errors import BadInput
from shared_model.head.batch import Batch
from shared_model.privacy.plan import PrivacyPlan
from shared_model.training.examples import Examples
from shared_model.training.local_update import LocalTraining, Model
from shared_model.training.model_file import load_model, save_model

WEIGHT = "weight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What both sides of every round go by."""

    plan: PrivacyPlan
    training: LocalTraining


@dataclass(frozen=True)
class Workspace:
    """The folder; what is read from it is kept, so that a process reads it once."""

    folder: Path

    @cached_property
    def agreed(self) -> Agreed:
        """Plan and local training. Raises BadInput where they cannot be read."""
        file = self.folder / "agreed.json"
        try:
            return TypeAdapter(Agreed).validate_json(file.read_bytes())
        except (OSError, ValidationError) as error:
            raise BadInput(f"workspace: {file} cannot be read ({error}); start the run again") from error

    @cached_property
    def model(self) -> Model:
        """The head that is trained, with its tables."""
        return load_model(self._model)

    def examples_of(self, device: int) -> Examples:
        """(1, E, ...): the device's own row, and nothing of any other is read."""
        try:
            row = {name: self._opened.get_slice(name)[device : device + 1] for name in self._opened.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise BadInput(f"workspace: {self._examples} cannot be read; start the run again") from error
        weight = row.pop(WEIGHT)
        return Examples(batch=Batch(**row), weight=weight)

    def ledger(self, device: int) -> Path:
        """Where the device keeps count of the rounds that it took part in."""
        return self.folder / "ledgers" / f"{device:06d}.json"

    @property
    def rounds(self) -> Path:
        """Where the server keeps its checkpoints."""
        return self.folder / "rounds"

    def write(self, model: Model, examples: Examples, agreed: Agreed) -> None:
        """Fill the folder, before anyone is told of it. examples: (U, E, ...)."""
        self.ledger(0).parent.mkdir()
        self.rounds.mkdir()
        (self.folder / "agreed.json").write_bytes(TypeAdapter(Agreed).dump_json(agreed))
        save_model(model, self._model)
        tensors: dict[str, Tensor] = examples.batch._asdict() | {WEIGHT: examples.weight}
        safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, self._examples)

    @property
    def _model(self) -> Path:
        return self.folder / "model.safetensors"

    @property
    def _examples(self) -> Path:
        return self.folder / "examples.safetensors"

    @cached_property
    def _opened(self) -> Any:
        return safe_open(self._examples, framework="pt")
