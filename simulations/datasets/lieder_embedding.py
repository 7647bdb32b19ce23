"""Embed the lieder: every song's lyrics and clip through the frozen encoders, into one file of vectors."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from shared_model.catalogue import Modality
from shared_model.encoders.audio_vae import LATENT, AudioEncoder
from shared_model.encoders.centring import centre, present_mean
from shared_model.encoders.e5_folder import write_e5_folder
from shared_model.encoders.lyrics import LyricsEncoder
from simulations.datasets.lieder_vectors import Embedded, save_vectors
from simulations.datasets.song_lines import read_song_lines
from simulations.pretraining.clips import read_clip


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """The fields of a line of songs.jsonl that are embedded. audio: path of the clip within the folder, or None."""

    id: str
    lyrics: str | None
    audio: str | None


_SONG = TypeAdapter(Song)


def build_lieder_vectors(source: Path, out: Path, *, lyrics_model: str | None, report: Callable[[str], None]) -> None:
    """Embed the songs of the folder `source` and write the vectors to the file `out`.

    lyrics_model: a folder or a name on the hub; None takes multilingual-e5-small from the installed packages.
    report: called with a line of progress now and then.

    Raises:
        BadInput: songs.jsonl, a clip or the model cannot be read; nothing is then written.
    """
    songs = read_songs(source / "songs.jsonl")
    lyrics_encoder = load_lyrics_encoder(lyrics_model, report=report)
    audio_encoder = AudioEncoder()
    raw = encode_songs(source, songs, lyrics=lyrics_encoder, audio=audio_encoder, report=report)
    means = {name: present_mean(modality) for name, modality in raw.items()}
    save_vectors(
        out,
        {name: Embedded(modality=centre(raw[name], mean), mean=mean) for name, mean in means.items()},
        track_ids=[song.id for song in songs],
        encoders={"lyrics": lyrics_encoder.name, "audio": audio_encoder.name},
    )


def read_songs(path: Path) -> list[Song]:
    """The songs of a songs.jsonl, in its order. Raises BadInput as `read_song_lines` does."""
    return read_song_lines(path, _SONG)


def load_lyrics_encoder(model: str | None, *, report: Callable[[str], None]) -> LyricsEncoder:
    """The encoder with the prefix that its family wants; the installed multilingual-e5-small where `model` is None."""
    if model is not None:
        return LyricsEncoder(model)
    report("lyrics: unpacking multilingual-e5-small")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "multilingual-e5-small"
        write_e5_folder(folder)
        return LyricsEncoder(folder)


def encode_songs(
    source: Path,
    songs: Sequence[Song],
    *,
    lyrics: LyricsEncoder,
    audio: AudioEncoder,
    report: Callable[[str], None],
) -> dict[str, Modality]:
    """Both modalities as the encoders give them: no mean is subtracted yet, and audio vectors are of any length."""
    lyrics_vectors, lyrics_present, audio_vectors = [], [], []
    for number, song in enumerate(songs, start=1):
        encoded = lyrics.encode([song.lyrics])
        lyrics_vectors.append(encoded.vectors[0])
        lyrics_present.append(encoded.present[0])
        audio_vectors.append(None if song.audio is None else audio.encode(*read_clip(source / song.audio)))
        if number % 100 == 0 or number == len(songs):
            report(f"embedded {number} of {len(songs)} songs")
    unheard = np.zeros(LATENT, dtype=np.float32)
    return {
        "lyrics": Modality(vectors=np.stack(lyrics_vectors), present=np.array(lyrics_present)),
        "audio": Modality(
            vectors=np.stack([unheard if vector is None else vector for vector in audio_vectors]),
            present=np.array([vector is not None for vector in audio_vectors]),
        ),
    }
