"""The noise of simulated devices, with local trust and with distributed trust: from the run's seed, so that it can be
repeated, and so no secret.

A deployed device draws from `OperatingSystemRandomness`, and holds no such file.
"""

from pathlib import Path

from shared_model.errors import BadInput
from shared_model.privacy.local_gaussian import noise_purpose
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed
from shared_model.secagg.encoding import Streams
from shared_model.secagg.planned import stream_purpose


def write_simulated_noise(folder: Path, *, seed: int) -> None:
    """Into a workspace, before anyone is told of it."""
    _file(folder).write_text(str(seed), encoding="ascii")


def simulated_noise(folder: Path, *, device: int, round_number: int) -> KeyedRandomness:
    """With local trust, the stream of one device in one round. Raises BadInput where the workspace holds no seed."""
    return KeyedRandomness(key=_key(folder), purpose=noise_purpose(device), round=round_number)


def simulated_share_streams(folder: Path, *, device: int, round_number: int) -> Streams:
    """With distributed trust, the streams of one device in one round: of its rounding and of its share of the noise.
    Raises BadInput likewise."""
    key = _key(folder)
    return lambda purpose: KeyedRandomness(key=key, purpose=stream_purpose(purpose, device=device), round=round_number)


def _key(folder: Path) -> bytes:
    try:
        return key_from_seed(int(_file(folder).read_text(encoding="ascii")))
    except (OSError, ValueError) as error:
        raise BadInput(f"workspace: {_file(folder)} cannot be read; start the run again") from error


def _file(folder: Path) -> Path:
    return folder / "devices-noise.seed"
