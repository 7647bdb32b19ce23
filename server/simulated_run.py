"""What a simulated coordinator is told beside the plan; a deployed one never draws from a seed."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from server.round import ServerStep
from shared_model.errors import BadInput
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRun:
    """The server's step, and the seed of the reproducible privacy randomness."""

    step: ServerStep
    seed: int

    def randomness(self, purpose: str, number: int) -> KeyedRandomness:
        """The stream for a purpose in a round."""
        return KeyedRandomness(key=key_from_seed(self.seed), purpose=purpose, round=number)


def write_simulated_run(run: SimulatedRun, folder: Path) -> None:
    """Into a workspace, before anyone is told of it."""
    _file(folder).write_bytes(TypeAdapter(SimulatedRun).dump_json(run))


def read_simulated_run(folder: Path) -> SimulatedRun:
    """Raises BadInput where the folder holds none."""
    try:
        return TypeAdapter(SimulatedRun).validate_json(_file(folder).read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInput(f"workspace: {_file(folder)} cannot be read ({error}); start the run again") from error


def _file(folder: Path) -> Path:
    return folder / "server.json"
