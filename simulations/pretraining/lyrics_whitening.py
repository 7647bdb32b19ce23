"""Fit the whitening of a lyrics encoder: python -m simulations.pretraining.lyrics_whitening --from lieder --out FILE

Size and power of the shipped statistics were chosen by benchmarks/lyrics_encoder.py (docs/lyrics-encoder.md).
"""

import argparse
from pathlib import Path
from typing import Final

from shared_model.encoders.lyrics import LyricsEncoder
from shared_model.encoders.whitening import PROBE, Whitening, fit_whitening, write_whitening
from simulations.datasets.lieder_embedding import load_lyrics_encoder, read_songs

SIZE: Final = 192
POWER: Final = 0.5


def whitening_of(encoder: LyricsEncoder, lyrics: list[str | None], *, size: int, power: float) -> Whitening:
    """The statistics of what `encoder` makes of the lyrics. Raises BadInput where there are too few."""
    probe = encoder.encode_raw([PROBE]).vectors[0]
    return fit_whitening(encoder.encode_raw(lyrics), size=size, power=power, probe=probe)


def main() -> None:
    """Fit and write, in about four CPU minutes for the lieder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, required=True, help="Folder with songs.jsonl.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lyrics-model", help="Hugging Face folder. Default: the packages of the test extra.")
    given = parser.parse_args()
    songs = read_songs(given.source / "songs.jsonl")
    encoder = load_lyrics_encoder(given.lyrics_model)
    lyrics = [song.lyrics for song in songs]
    about = {"corpus": "OpenScore Lieder (CC0)", "texts": len(lyrics), "size": SIZE, "power": POWER}
    write_whitening(whitening_of(encoder, lyrics, size=SIZE, power=POWER), given.out, about=about)


if __name__ == "__main__":
    main()
