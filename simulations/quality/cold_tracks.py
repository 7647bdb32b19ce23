"""Tracks that no learned play holds: how well a head foresees what it never met.

Letters: T targets, N tracks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared_model.catalogue import UNKNOWN, Catalogue
from shared_model.history import History
from simulations.evaluation.full_ranking import FullRanking
from simulations.evaluation.head_ranking import held_out_moments
from simulations.evaluation.quality import Metrics
from simulations.quality.experiment import Bench, examples_of, paths_of, rank_head
from simulations.quality.scenario import QualityScenario
from simulations.quality.trainings import trained
from simulations.run_folder import RunFolder
from simulations.stages import Advance

FEWER_MOMENTS = 3
"""The training without cold tracks learns from a third of the moments: it is there to compare, and would else cost
as much as all other seeds together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutTracks:
    """What is learned from when some tracks are never to be met.

    learned: histories without plays of cold tracks, in the indices of the
    whole catalogue; catalogue: what is left of it; relearned: `learned` in the indices of `catalogue`.
    """

    learned: tuple[History, ...]
    catalogue: Catalogue
    relearned: tuple[History, ...]


def measure_cold_tracks(
    scenario: QualityScenario, bench: Bench, *, seen: FullRanking, folder: RunFolder, advance: Advance
) -> dict[str, int | Metrics] | None:
    """The `cold_tracks` block of result.json: one more training, of the first seed, that never meets some tracks.

    seen: the ranking by the head of that seed, which met all of them. None where no track is to be left out.
    """
    cold = draw_cold_tracks(len(bench.catalogue), share=scenario.evaluation.cold_tracks, seed=scenario.seed)
    if not cold.any():
        return None
    left, path = without_tracks(bench.learned, bench.catalogue, cold), folder.head("without-cold-tracks")
    examples = None
    if not path.exists():
        fewer = scenario.pretraining.moments // FEWER_MOMENTS
        examples = examples_of(scenario, left.relearned, paths_of(left.relearned, left.catalogue), moments=fewer)
    head = trained(scenario, left.catalogue, examples, path, seed=scenario.seed, advance=advance)
    among = cold[bench.held_out.played]
    targets = [bench.targets[place] for place in np.flatnonzero(among)]
    unseen = FullRanking(ranks=np.full(len(among), np.nan), top20=seen.top20)  # of the other targets it is not read
    if targets:
        counted = [tracks[~cold[tracks]] for tracks in bench.counted]
        moments = held_out_moments(
            bench.scored, targets, paths=paths_of(left.learned, bench.catalogue), counted=counted
        )
        unseen.ranks[among] = rank_head(head, bench.catalogue, moments).ranks
    new = among & bench.yardstick.new
    return {
        "tracks": int(cold.sum()),
        "targets": len(targets),
        "new_targets": int(new.sum()),
        "unseen": bench.yardstick.among(among, unseen),
        "unseen_new": bench.yardstick.among(new, unseen),
        "seen": bench.yardstick.among(among, seen),
        "seen_new": bench.yardstick.among(new, seen),
    }


def draw_cold_tracks(tracks: int, *, share: float, seed: int) -> NDArray[np.bool_]:
    """`share` of all tracks, rounded to whole tracks, (N,) bool. The same seed gives the same tracks."""
    cold = np.zeros(tracks, dtype=bool)
    cold[np.random.default_rng(seed).permutation(tracks)[: round(share * tracks)]] = True
    return cold


def without_tracks(learned: Sequence[History], catalogue: Catalogue, cold: NDArray[np.bool_]) -> WithoutTracks:
    """Take cold tracks out of all that is learned: plays, statistics, and the tracks a play is told apart from."""
    kept = np.flatnonzero(~cold)
    place = np.full(len(catalogue), UNKNOWN)
    place[kept] = np.arange(len(kept))
    left = tuple(plays_where(history, ~cold[history.tracks]) for history in learned)
    modalities = {
        name: replace(modality, vectors=modality.vectors[kept], present=modality.present[kept])
        for name, modality in catalogue.modalities.items()
    }
    return WithoutTracks(
        learned=left,
        catalogue=replace(
            catalogue,
            track_ids=tuple(catalogue.track_ids[int(track)] for track in kept),
            artist=catalogue.artist[kept],
            album=catalogue.album[kept],
            modalities=modalities,
        ),
        relearned=tuple(replace(history, tracks=place[history.tracks]) for history in left),
    )


def plays_where(history: History, kept: NDArray[np.bool_]) -> History:
    """The plays at which `kept` (T,) is true."""
    return replace(
        history,
        tracks=history.tracks[kept],
        started_at_s=None if history.started_at_s is None else history.started_at_s[kept],
        states=None if history.states is None else history.states[kept],
    )
