"""A small convolutional variational autoencoder over log-mel patches, and the frozen encoder made of it.

Kingma and Welling, "Auto-Encoding Variational Bayes", 2014 (arXiv:1312.6114).
Letters: B patches, M = 64 mel bands, P = 96 frames, Z latent numbers, W patches of a track, V = 64 numbers of a track's
vector, T samples. How it was trained and what it cannot do: weights/MODEL_CARD.md.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
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
"""Numbers of a track's vector, whatever the weights."""

PATCHES_PER_TRACK: Final = 32
"""A minute of the track, spread evenly over it: what bounds the cost of a long one."""

WEIGHTS: Final = Path(__file__).with_name("weights") / "audio_vae.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaeShape:
    """What the weights' own shapes say.

    encoder, decoder: channels from the widest resolution to the narrowest; every layer halves mel bands and frames;
    latent: Z; pooled: whether a learned projection makes the track's vector of its patches' means and their deviations;
    moments: whether another one adds the mean and the variance of its mel bands.
    """

    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    latent: int
    pooled: bool
    moments: bool = False


POOLED: Final = VaeShape(encoder=(16, 40, 96, 160), decoder=(16, 32, 64, 96), latent=128, pooled=True)
"""What was trained; `WEIGHTS` has the projection of the moments as well."""


class AudioVAE(nn.Module):
    """Encoder q(z|x) = N(mean, exp(log_variance)) and decoder p(x|z). No layer mixes the patches of a batch."""

    def __init__(self, shape: VaeShape) -> None:
        super().__init__()
        self.shape = shape
        narrow, wide = _corner(shape.encoder), _corner(shape.decoder)
        down: list[nn.Module] = [nn.Conv2d(1, shape.encoder[0], 3, stride=2, padding=1), nn.SiLU()]
        for before, after in pairwise(shape.encoder):
            down += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.GroupNorm(8, after), nn.SiLU()]
        up: list[nn.Module] = []
        for before, after in pairwise(reversed(shape.decoder)):
            up += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), nn.GroupNorm(8, after), nn.SiLU()]
        up.append(nn.ConvTranspose2d(shape.decoder[0], 1, 4, stride=2, padding=1))
        self.down = nn.Sequential(*down)
        self.posterior = nn.Linear(math.prod(narrow), 2 * shape.latent)
        self.unfold = nn.Linear(shape.latent, math.prod(wide))
        self.up = nn.Sequential(*up)
        self.pooling = nn.Linear(2 * shape.latent, LATENT, bias=False) if shape.pooled else None
        self.moments = nn.Linear(2 * MEL_BANDS, LATENT, bias=False) if shape.moments else None

    def encode(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """patches: (B, M, P) normalised log-mel. Returns mean and log_variance, both (B, Z)."""
        mean, log_variance = self.posterior(self.down(patches[:, None]).flatten(1)).chunk(2, dim=1)
        return mean, log_variance.clamp(-12.0, 4.0)

    def decode(self, latent: Tensor) -> Tensor:
        """latent: (B, Z). Returns the mean of p(x|z), (B, M, P)."""
        decoded: Tensor = self.up(self.unfold(latent).unflatten(1, _corner(self.shape.decoder)))
        return decoded[:, 0]

    def pool(self, means: Tensor, patches: Tensor) -> Tensor:
        """means: (B, W, Z) of the patches of each track; patches: (B, W, M, P). Returns the tracks' vectors, (B, V)."""
        vectors = means.mean(dim=1)
        if self.pooling is not None:
            # the small number keeps the root's slope finite where a track is one patch
            deviations = (means.var(dim=1, correction=0) + 1e-4).sqrt()
            vectors = self.pooling(torch.cat([vectors, deviations], dim=1))
        if self.moments is not None:
            vectors = vectors + self.moments(band_moments(patches))
        return vectors


def band_moments(patches: Tensor) -> Tensor:
    """patches: (B, W, M, P). The mean and the variance of every band over all patches of a track, (B, 2M)."""
    bands = patches.transpose(1, 2).flatten(2)
    return torch.cat([bands.mean(dim=2), bands.var(dim=2, correction=0)], dim=1)


def shape_of(tensors: Mapping[str, Tensor]) -> VaeShape:
    """The shape of the VAE whose weights these are. Raises KeyError, IndexError: they are another model's."""
    kernels = {part: _kernels(tensors, part) for part in ("down", "up")}
    return VaeShape(
        encoder=tuple(kernel.shape[0] for kernel in kernels["down"]),
        decoder=tuple(kernel.shape[0] for kernel in reversed(kernels["up"])),
        latent=tensors["unfold.weight"].shape[1],
        pooled="pooling.weight" in tensors,
        moments="moments.weight" in tensors,
    )


def _kernels(tensors: Mapping[str, Tensor], part: str) -> list[Tensor]:
    weights = {name: tensor for name, tensor in tensors.items() if name.startswith(f"{part}.") and tensor.ndim == 4}
    return [weights[name] for name in sorted(weights, key=lambda name: int(name.split(".")[1]))]


def _corner(channels: tuple[int, ...]) -> tuple[int, int, int]:
    """What the last layer of the encoder gives, and the first of the decoder takes."""
    return channels[-1], MEL_BANDS >> len(channels), PATCH_FRAMES >> len(channels)


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
            self._vae = AudioVAE(shape_of(tensors))
            self._vae.load_state_dict(tensors)
        except (SafetensorError, RuntimeError, KeyError, IndexError) as error:
            raise BadInput(
                f"audio encoder: {weights} is truncated or holds another model; install sottovoce again or train it "
                "as docs/audio-encoder.md says"
            ) from error
        self._vae.eval().requires_grad_(requires_grad=False)
        self.weights_sha256 = hashlib.sha256(content).hexdigest()
        self.name = _named(content)

    def encode(self, waveform: Tensor, sample_rate_hz: int) -> NDArray[np.float32] | None:
        """The track's vector, (V,), from the posterior means of its patches; None for a silent track.

        waveform: (T,) mono. The vector is neither centred nor of unit length: its catalogue's mean does that.

        Raises:
            BadInput: see `log_mel`.
        """
        spectrogram = log_mel(waveform, sample_rate_hz)
        if spectrogram is None:
            return None
        return self._vector(spread_patches(spectrogram, at_most=PATCHES_PER_TRACK))

    def encode_parts(self, read: Read, *, samples: int, sample_rate_hz: int) -> NDArray[np.float32] | None:
        """As `encode`, of a recording of `samples` samples that is read in parts where it is longer than a minute.

        Of a long recording a minute is decoded, and its loudness is that of this minute.

        Raises:
            BadInput: see `read_patches`.
        """
        if is_covered(samples, sample_rate_hz, at_most=PATCHES_PER_TRACK):
            return self.encode(read(0, samples), sample_rate_hz)
        patches = read_patches(read, samples=samples, sample_rate_hz=sample_rate_hz, at_most=PATCHES_PER_TRACK)
        return None if patches is None else self._vector(patches)

    def _vector(self, patches: Tensor) -> NDArray[np.float32]:
        """patches: (W, M, P). Returns (V,)."""
        with torch.inference_mode():
            mean, _ = self._vae.encode(patches)
            vector: NDArray[np.float32] = self._vae.pool(mean[None], patches[None])[0].numpy()
        return vector
