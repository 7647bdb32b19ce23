"""What lyrics vectors are worth, by translated verses and by themes:

python benchmarks/lyrics_encoder.py SONGS.jsonl VERSES.tsv E5_FOLDER MINILM_FOLDER [E5_INT8_FOLDER]

VERSES.tsv: a verse a line, a language a column. E5_FOLDER: with or without statistics, raw vectors are taken.
Statistics are fitted on half of the composers. Those of one half, measured on the other, choose size and power; the
halves are then exchanged for the table of docs/lyrics-encoder.md.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from shared_model.catalogue import Modality
from shared_model.encoders.lyrics import LyricsEncoder
from shared_model.encoders.whitening import fit_whitening
from simulations.benchmark.lyrics_encoder import probes
from simulations.benchmark.lyrics_encoder.probes import Vectors
from simulations.datasets.lyric_themes import THEMES, theme_shares
from simulations.evaluation.bootstrap import interval

QUERIES: Final = {
    "love": ("love", "Liebe", "l'amour"),
    "night": ("the night", "die Nacht", "la nuit"),
    "spring": ("spring", "der Frühling", "le printemps"),
    "death": ("death", "der Tod", "la mort"),
    "prayer": ("prayer", "das Gebet", "la prière"),
    "wandering": ("wandering", "das Wandern", "l'errance"),
    "sea": ("the sea", "das Meer", "la mer"),
    "sorrow": ("sorrow", "der Kummer", "le chagrin"),
}
"""Of each theme, in English, German and French."""

Make = Callable[[Vectors], Vectors]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Raw vectors of one model. songs: (N, D); verses: (V, L, D); queries: (themes, 3, D)."""

    songs: Vectors
    verses: Vectors
    queries: Vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Songs:
    """language: "" where detectors disagree; shares: (N, themes) of words; in_first_half: by composer."""

    lyrics: list[str]
    composer: NDArray[np.str_]
    language: NDArray[np.str_]
    shares: NDArray[np.float64]
    in_first_half: NDArray[np.bool_]


def read_songs(path: Path) -> Songs:
    """From songs.jsonl."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    composers = np.array([line["composer"] for line in lines])
    names = np.random.default_rng(0).permutation(np.unique(composers))
    shares = [theme_shares(line["lyrics"], line["lang"]) for line in lines]
    return Songs(
        lyrics=[line["lyrics"] for line in lines],
        composer=composers,
        language=np.array([line["lang"] or "" for line in lines]),
        shares=np.array([[each[theme] for theme in THEMES] for each in shares]),
        in_first_half=np.isin(composers, names[::2]),
    )


def raw_vectors(folder: Path, songs: Songs, verses: list[list[str]]) -> Raw:
    """By one model."""
    encoder = LyricsEncoder(folder, prefix=None if "e5" in folder.name else "")

    def of(texts: list[str]) -> Vectors:
        return encoder.encode_raw(texts).vectors.astype(np.float64)

    queries = np.stack([of(list(QUERIES[theme])) for theme in THEMES])
    return Raw(songs=of(songs.lyrics), verses=np.stack([of(verse) for verse in verses]), queries=queries)


def centred(fit_on: Vectors) -> Make:
    """Around the mean of `fit_on`."""
    return lambda vectors: _unit(vectors - fit_on.mean(axis=0))


def whitened(fit_on: Vectors, *, size: int, power: float) -> Make:
    """By statistics of `fit_on`."""
    raw = Modality(vectors=fit_on.astype(np.float32), present=np.ones(len(fit_on), dtype=np.bool_))
    statistics = fit_whitening(raw, size=size, power=power, probe=raw.vectors[0])
    return lambda vectors: _unit((vectors - statistics.mean) @ statistics.matrix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """An answer for each item that was asked; cosines: of translations, and of unrelated verses."""

    first: NDArray[np.float64]
    cosines: tuple[float, float]
    across: NDArray[np.float64]
    within: NDArray[np.float64]
    precision: NDArray[np.float64]
    chances: tuple[float, float, float]


def ask(raw: Raw, make: Make, songs: Songs, held_out: NDArray[np.bool_]) -> Answers:
    """All probes, on the songs that are held out."""
    vectors, verses = make(raw.songs[held_out]), make(raw.verses)
    queries = make(raw.queries.reshape(-1, raw.queries.shape[2]))
    language, composer = songs.language[held_out], songs.composer[held_out]
    themes = np.where(language == "", -1, probes.main_themes(songs.shares, songs.language)[held_out])
    alike = _unit(raw.songs[held_out]) @ _unit(raw.songs[held_out]).T > probes.SAME_POEM
    same_language = language[:, None] == language[None, :]
    across, chance_across = probes.theme_of_neighbours(vectors, themes, ~same_language)
    elsewhere = same_language & (composer[:, None] != composer[None, :]) & ~alike
    within, chance_within = probes.theme_of_neighbours(vectors, themes, elsewhere)
    relevant = themes[None, :] == np.repeat(np.arange(len(THEMES)), raw.queries.shape[1])[:, None]
    return Answers(
        first=probes.translations_first(verses, vectors),
        cosines=probes.cosines(verses),
        across=across,
        within=within,
        precision=probes.average_precision(queries, vectors, relevant),
        chances=(float(chance_across.mean()), float(chance_within.mean()), float(relevant.mean(axis=1).mean())),
    )


def line(name: str, answers: Answers, rival: Answers | None) -> str:
    """A row in Markdown; + and -: a 95 % interval of the difference to the rival, items resampled, does not hold 0."""
    cells = [f"{answers.cosines[0]:.2f} / {answers.cosines[1]:.2f}"]
    for item in ("first", "across", "within", "precision"):
        ours: NDArray[np.float64] = getattr(answers, item)
        sign = ""
        if rival is not None:
            low, high = interval(ours - getattr(rival, item), np.arange(len(ours)), resamples=2_000, seed=1)
            sign = " +" if low > 0 else " -" if high < 0 else ""
        cells.append(f"{ours.mean():.1%}{sign}")
    return f"| {name} | {' | '.join(cells)} |"


def main(
    songs_file: Path, verses_file: Path, e5_folder: Path, minilm_folder: Path, int8_folder: Path | None = None
) -> None:
    """Print the table of the choice, and the table of the result."""
    songs = read_songs(songs_file)
    verses = [text.split("\t") for text in verses_file.read_text(encoding="utf-8").splitlines()]
    e5, minilm = (raw_vectors(folder, songs, verses) for folder in (e5_folder, minilm_folder))
    head = "| | translations / unrelated: cosine | translation first | theme, across languages | theme, same language"
    head += " | theme by query |\n|---|---|---|---|---|---|"
    first, second = songs.in_first_half, ~songs.in_first_half
    print(f"\nthe choice\n\n{head}")
    rival = ask(e5, centred(e5.songs[second]), songs, first)
    for size in (128, 192, 256, 384):
        for power in (0.0, 0.25, 0.5, 0.75, 1.0):
            made = whitened(e5.songs[second], size=size, power=power)
            print(line(f"{size}, {power}", ask(e5, made, songs, first), rival), flush=True)
    print(f"\nthe result\n\n{head}")
    rival = ask(e5, centred(e5.songs[first]), songs, second)
    rows: dict[str, tuple[Raw, Make]] = {
        "MiniLM (English), centred": (minilm, centred(minilm.songs[first])),
        "MiniLM, 192 directions, power .5": (minilm, whitened(minilm.songs[first], size=192, power=0.5)),
        "e5, raw": (e5, _unit),
        "e5, centred": (e5, centred(e5.songs[first])),
        "e5, fully whitened (384)": (e5, whitened(e5.songs[first], size=384, power=1.0)),
        "e5, 192 directions, power .5": (e5, whitened(e5.songs[first], size=192, power=0.5)),
    }
    if int8_folder is not None:
        int8 = raw_vectors(int8_folder, songs, verses)
        made = whitened(int8.songs[first], size=192, power=0.5)
        rows["e5 in eight bits, 192 directions, power .5"] = (int8, made)
    print(f"| chance | | 0.1% | {rival.chances[0]:.1%} | {rival.chances[1]:.1%} | {rival.chances[2]:.1%} |")
    for name, (raw, make) in rows.items():
        print(line(name, ask(raw, make, songs, second), rival), flush=True)


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*map(Path, sys.argv[1:]))
