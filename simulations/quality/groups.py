"""Who is served how well: the targets in groups by popularity, by how much a listener plays, and by language.

Letters: T targets, N tracks.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulations.datasets.song_facts import EMBEDDED, load_song_facts
from simulations.evaluation.full_ranking import FullRanking
from simulations.evaluation.quality import Metrics, Yardstick
from simulations.quality.experiment import Bench

DECILES = 10
UNKNOWN_LANGUAGE = "unknown"

Groups = Mapping[str, Mapping[str, NDArray[np.bool_]]]
"""By what the targets are told apart, then by the group's name: which targets are members, (T,). The groups of one
division are disjoint and together all targets."""


def popularity_deciles(plays: NDArray[np.floating]) -> NDArray[np.int64]:
    """The decile of every track, 1..10, (N,). plays: (N,) before the targets.

    Tracks are ordered by their plays, the least played first and ties by index, and cut so that each decile has about a
    tenth of all plays: the tenth holds few tracks, the first many.
    """
    order = np.argsort(plays, kind="stable")
    upto = np.cumsum(plays[order], dtype=np.float64)
    middle = (upto - plays[order] / 2) / max(upto[-1], 1)  # of the stretch of plays that a track takes
    deciles = np.empty(len(plays), dtype=np.int64)
    deciles[order] = np.minimum((DECILES * middle).astype(np.int64), DECILES - 1) + 1
    return deciles


def heavy_listeners(plays: Sequence[int]) -> NDArray[np.bool_]:
    """Which listeners are the half that plays most, the larger one where their number is odd; ties by index."""
    heavy = np.ones(len(plays), dtype=bool)
    heavy[np.argsort(plays, kind="stable")[: len(plays) // 2]] = False
    return heavy


def lyric_languages(folder: Path | None) -> NDArray[np.str_]:
    """The language of each song of the lieder, (N,), "unknown" where two detectors disagree.

    folder: of `datasets build`, or None for the embedded catalogue.
    """
    facts = load_song_facts(EMBEDDED if folder is None else folder / "songs.json")
    return np.array([song.language or UNKNOWN_LANGUAGE for song in facts])


def target_groups(bench: Bench, languages: NDArray[np.str_] | None) -> Groups:
    """languages: (N,) of the lyrics, or None where the catalogue has none."""
    decile = popularity_deciles(bench.yardstick.play_counts)[bench.held_out.played]
    heavy = heavy_listeners([len(history) for history in bench.scored])[bench.held_out.listener]
    new = bench.yardstick.new
    groups = {
        "popularity": {f"decile {number}": decile == number for number in range(1, DECILES + 1)},
        "listening": {"light listeners": ~heavy, "heavy listeners": heavy},
        "novelty": {"new to the listener": new, "played before": ~new},
    }
    if languages is not None:
        sung = languages[bench.held_out.played]
        groups["language"] = {str(language): sung == language for language in np.unique(languages)}
    return groups


def measure_groups(
    groups: Groups, yardstick: Yardstick, *, model: Sequence[FullRanking], blend: FullRanking
) -> list[dict[str, str | int | Metrics]]:
    """The `groups` block of result.json: a row a group, the model's rankings averaged, the blend beside them."""
    return [
        {
            "division": division,
            "name": name,
            "targets": int(members.sum()),
            "model": yardstick.among(members, *model),
            "blend": yardstick.among(members, blend),
        }
        for division, by_name in groups.items()
        for name, members in by_name.items()
    ]
