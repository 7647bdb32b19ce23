"""A small convolutional variational autoencoder over log-mel patches, and the frozen encoder made of it.

Kingma and Welling, "Auto-Encoding Variational Bayes", 2014 (arXiv:1312.6114).
Letters: B patches, M = 64 mel bands, P = 96 frames, Z = 64 latent numbers, T samples. How it was trained and what it
cannot do: weights/MODEL_CARD.md.
"""

import hashlib
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from shared_model.encoders.log_mel import MEL_BANDS, PATCH_FRAMES, log_mel, spread_patches
from shared_model.encoders.track_windows import Read, is_covered, read_patches
from shared_model.errors import BadInput

LATENT: Final = 64
CHANNELS: Final = (16, 32, 64, 96)
"""After each layer, every one of which halves both the mel bands and the frames."""

PATCHES_PER_TRACK: Final = 32
"""A minute of the track, spread evenly over it: what bounds the cost of a long one."""

WEIGHTS: Final = Path(__file__).with_name("weights") / "audio_vae.safetensors"

_CORNER = (CHANNELS[-1], MEL_BANDS >> len(CHANNELS), PATCH_FRAMES >> len(CHANNELS))
_CORNER_SIZE = _CORNER[0] * _CORNER[1] * _CORNER[2]


class AudioVAE(nn.Module):
    """Encoder q(z|x) = N(mean, exp(log_variance)) and decoder p(x|z). No layer mixes the patches of a batch."""

    def __init__(self) -> None:
        super().__init__()
        first, *others = CHANNELS
        down: list[nn.Module] = [nn.Conv2d(1, first, 3, stride=2, padding=1), nn.SiLU()]
        for narrow, wide in zip(CHANNELS, others, strict=False):
            down += [nn.Conv2d(narrow, wide, 3, stride=2, padding=1), nn.GroupNorm(8, wide), nn.SiLU()]
        up: list[nn.Module] = []
        for wide, narrow in zip(reversed(others), reversed(CHANNELS[:-1]), strict=True):
            up += [nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1), nn.GroupNorm(8, narrow), nn.SiLU()]
        up.append(nn.ConvTranspose2d(first, 1, 4, stride=2, padding=1))
        self.down = nn.Sequential(*down)
        self.posterior = nn.Linear(_CORNER_SIZE, 2 * LATENT)
        self.unfold = nn.Linear(LATENT, _CORNER_SIZE)
        self.up = nn.Sequential(*up)

    def encode(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """patches: (B, M, P) normalised log-mel. Returns mean and log_variance, both (B, Z)."""
        mean, log_variance = self.posterior(self.down(patches[:, None]).flatten(1)).chunk(2, dim=1)
        return mean, log_variance.clamp(-12.0, 4.0)

    def decode(self, latent: Tensor) -> Tensor:
        """latent: (B, Z). Returns the mean of p(x|z), (B, M, P)."""
        decoded: Tensor = self.up(self.unfold(latent).unflatten(1, _CORNER))
        return decoded[:, 0]


def name_of(weights: Path) -> str:
    """The name of the encoder that these weights make, without making it. Raises BadInput: they cannot be read."""
    return _named(_content(weights))


def _content(weights: Path) -> bytes:
    try:
        return weights.read_bytes()
    except OSError as error:
        raise BadInput(f"audio encoder: cannot read {weights}: {error.strerror}; install sottovoce again") from error


def _named(content: bytes) -> str:
    return f"audio_vae sha256:{hashlib.sha256(content).hexdigest()}"


class AudioEncoder:
    """The frozen half of a trained VAE: one vector per track. Same sound, same vector, whatever is encoded beside it.

    weights_sha256: of the file; name: `audio_vae sha256:...`, stored beside every catalogue's vectors so that no one
    mixes two encoders' spaces.
    """

    def __init__(self, weights: Path = WEIGHTS) -> None:
        """Read `weights`.

        Raises:
            BadInput: the file is not there, is truncated, or holds another model's weights.
        """
        content = _content(weights)
        try:
            tensors = {name: tensor.float() for name, tensor in load(content).items()}
            self._vae = AudioVAE()
            self._vae.load_state_dict(tensors)
        except (SafetensorError, RuntimeError) as error:
            raise BadInput(
                f"audio encoder: {weights} is truncated or holds another model; install sottovoce again or train it "
                "with `python -m simulations.pretraining.audio_vae`"
            ) from error
        self._vae.eval().requires_grad_(requires_grad=False)
        self.weights_sha256 = hashlib.sha256(content).hexdigest()
        self.name = _named(content)

    def encode(self, waveform: Tensor, sample_rate_hz: int) -> NDArray[np.float32] | None:
        """The mean over the track's patches of the posterior means, (Z,); None for a silent track.

        waveform: (T,) mono. The vector is neither centred nor of unit length: its catalogue's mean does that.

        Raises:
            BadInput: see `log_mel`.
        """
        spectrogram = log_mel(waveform, sample_rate_hz)
        if spectrogram is None:
            return None
        return self._mean_posterior(spread_patches(spectrogram, at_most=PATCHES_PER_TRACK))

    def encode_parts(self, read: Read, *, samples: int, sample_rate_hz: int) -> NDArray[np.float32] | None:
        """As `encode`, of a recording of `samples` samples that is read in parts where it is longer than a minute.

        Of a long recording a minute is decoded, and its loudness is that of this minute.

        Raises:
            BadInput: see `read_patches`.
        """
        if is_covered(samples, sample_rate_hz, at_most=PATCHES_PER_TRACK):
            return self.encode(read(0, samples), sample_rate_hz)
        patches = read_patches(read, samples=samples, sample_rate_hz=sample_rate_hz, at_most=PATCHES_PER_TRACK)
        return None if patches is None else self._mean_posterior(patches)

    def _mean_posterior(self, patches: Tensor) -> NDArray[np.float32]:
        """patches: (B, M, P). Returns (Z,)."""
        with torch.inference_mode():
            mean, _ = self._vae.encode(patches)
            vector: NDArray[np.float32] = mean.mean(dim=0).numpy()
        return vector
