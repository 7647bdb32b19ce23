"""What a track costs from file to vector: python benchmarks/audio_throughput.py FILE...

CPU seconds of one thread, decoding, log-mel and network apart. The table of docs/audio-encoder.md is its output on
music of Debian's packages, a format at a time. WEIGHTS in the environment names other weights.
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from client.music_library.decode import open_sound
from shared_model.encoders.audio_vae import WEIGHTS, AudioEncoder
from shared_model.errors import BadInput


class Timed:
    """A function, and the CPU seconds spent in it."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call, self.seconds = call, 0.0

    def __call__(self, *arguments: Any) -> Any:
        """As the function."""
        begun = time.process_time()
        answer = self.call(*arguments)
        self.seconds += time.process_time() - begun
        return answer


def peak_mib() -> float:
    """Of this process until now."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(files: list[Path], weights: Path) -> None:
    """Print a line."""
    encoder, before_mib = AudioEncoder(weights), peak_mib()
    network = Timed(encoder._vector)
    encoder._vector = network  # type: ignore[method-assign]
    decoding, begun, hours, encoded = 0.0, time.process_time(), 0.0, 0
    for file in files:
        try:
            opening = time.process_time()
            with open_sound(file) as sound:
                decoding += time.process_time() - opening
                read = Timed(sound.read)
                vector = encoder.encode_parts(read, samples=sound.samples, sample_rate_hz=sound.sample_rate_hz)
        except BadInput as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        decoding += read.seconds
        hours += sound.samples / sound.sample_rate_hz / 3600
        encoded += vector is not None
    whole = time.process_time() - begun
    mel = whole - decoding - network.seconds
    print(
        f"{encoded} tracks, {hours:.2f} h: {encoded / whole:.1f} a CPU second; of {1000 * whole / encoded:.0f} ms each "
        f"{1000 * decoding / encoded:.0f} decoding, {1000 * mel / encoded:.0f} log-mel, "
        f"{1000 * network.seconds / encoded:.0f} network; peak {peak_mib():.0f} MiB, {before_mib:.0f} before the first"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main([Path(name) for name in sys.argv[1:]], Path(os.environ.get("WEIGHTS", WEIGHTS)))
