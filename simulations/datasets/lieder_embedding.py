"""Embed the lieder: every song's lyrics and clip through the frozen encoders, into one file of vectors."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from shared_model.catalogue import Modality
from shared_model.encoders.audio_vae import LATENT, AudioEncoder
from shared_model.encoders.centring import centre, present_mean
from shared_model.encoders.e5_folder import NAME, write_e5_folder
from shared_model.encoders.lyrics import LyricsEncoder
from shared_model.errors import BadInput
from simulations.datasets.encoded_before import EncodedBefore
from simulations.datasets.lieder_vectors import Embedded, save_vectors
from simulations.datasets.song_lines import read_song_lines
from simulations.pretraining.clips import read_clip
from simulations.stages import Advance


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """The fields of a line of songs.jsonl that are embedded. audio: path of the clip within the folder, or None."""

    id: str
    lyrics: str | None
    audio: str | None


_SONG = TypeAdapter(Song)


def build_lieder_vectors(
    source: Path, out: Path, *, lyrics_model: str | None, before: EncodedBefore, advance: Advance
) -> dict[str, str]:
    """Embed the songs of the folder `source`, write the vectors to the file `out`, and return what encoded what.

    lyrics_model: a folder or a name on the hub; None takes multilingual-e5-small from the installed packages.
    before: what an earlier try has encoded; advance: told the share of the songs that is done.

    Raises:
        BadInput: songs.jsonl, a clip or the model cannot be read; nothing is then written.
    """
    songs = read_songs(source / "songs.jsonl")
    lyrics_encoder = load_lyrics_encoder(lyrics_model)
    audio_encoder = AudioEncoder()
    encoders = {"lyrics": lyrics_encoder.name, "audio": audio_encoder.name}
    raw = encode_songs(source, songs, lyrics=lyrics_encoder, audio=audio_encoder, before=before, advance=advance)
    means = {name: present_mean(modality) for name, modality in raw.items()}
    save_vectors(
        out,
        {name: Embedded(modality=centre(raw[name], mean), mean=mean) for name, mean in means.items()},
        track_ids=[song.id for song in songs],
        encoders=encoders,
    )
    return encoders


def read_songs(path: Path) -> list[Song]:
    """The songs of a songs.jsonl, in its order. Raises BadInput as `read_song_lines` does."""
    return read_song_lines(path, _SONG)


def load_lyrics_encoder(model: str | None) -> LyricsEncoder:
    """The encoder with the prefix that its family wants; the installed multilingual-e5-small where `model` is None."""
    if model is not None:
        return LyricsEncoder(model)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / NAME
        write_e5_folder(folder)
        return LyricsEncoder(folder)


def encode_songs(
    source: Path,
    songs: Sequence[Song],
    *,
    lyrics: LyricsEncoder,
    audio: AudioEncoder,
    before: EncodedBefore,
    advance: Advance,
) -> dict[str, Modality]:
    """Both modalities as the encoders give them: no mean is subtracted yet, and audio vectors are of any length."""

    def words_of(song: Song) -> NDArray[np.float32] | None:
        encoded = lyrics.encode([song.lyrics])
        return encoded.vectors[0] if encoded.present[0] else None

    words, sounds = [], []
    for number, song in enumerate(songs, start=1):
        text = (song.lyrics or "").encode()
        words.append(before.vector(text, encoder=lyrics.name, encode=partial(words_of, song)))
        sounds.append(None if song.audio is None else _sound_of(source / song.audio, audio=audio, before=before))
        advance(number / len(songs))
    return {"lyrics": _stacked(words, lyrics.dimension), "audio": _stacked(sounds, LATENT)}


def _sound_of(clip: Path, *, audio: AudioEncoder, before: EncodedBefore) -> NDArray[np.float32] | None:
    try:
        content = clip.read_bytes()
    except OSError as error:
        raise BadInput(f"lieder: cannot read {clip} ({error.strerror}); its song names it as its audio") from error
    return before.vector(content, encoder=audio.name, encode=lambda: audio.encode(*read_clip(clip)))


def _stacked(vectors: Sequence[NDArray[np.float32] | None], size: int) -> Modality:
    absent = np.zeros(size, dtype=np.float32)
    return Modality(
        vectors=np.stack([absent if vector is None else vector for vector in vectors]),
        present=np.array([vector is not None for vector in vectors]),
    )
