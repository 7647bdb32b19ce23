from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_model.history import Tracks
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.moments import read_moments
from shared_model.training.local_update import Model
from shared_model.training.moments import batch_of
from shared_model.training.moments import joined as joined_batches
from simulations.datasets.dataset import Dataset
from simulations.evaluation import head_ranking
from simulations.evaluation.full_ranking import TOP, evaluate
from simulations.evaluation.head_ranking import HeldOutMoments, held_out_moments, rank
from simulations.evaluation.held_out import Target, held_out_targets

KINDS = ["plain", "dense", "no modalities", "adapter"]
Targets = tuple[Target, ...]
Counted = tuple[Tracks, ...]


@pytest.fixture(scope="module")
def targets(dataset: Dataset) -> Targets:
    return held_out_targets(dataset.private)


@pytest.fixture(scope="module")
def held_out(dataset: Dataset, paths: MemoryPaths, counted: Counted, targets: Targets) -> HeldOutMoments:
    """The shortlist is the whole catalogue."""
    return held_out_moments(dataset.private, targets, paths=paths, counted=counted)


@pytest.fixture
def short(
    dataset: Dataset, paths: MemoryPaths, counted: Counted, targets: Targets, monkeypatch: pytest.MonkeyPatch
) -> HeldOutMoments:
    """30 of 50 tracks are retrieved."""
    monkeypatch.setattr(head_ranking, "SHORTLIST", 30)
    return held_out_moments(dataset.private, targets, paths=paths, counted=counted)


@dataclass(frozen=True)
class HeadAsScorer:
    """A head behind the interface that baselines have: it finds the listener by the plays so far, and scores every
    track in the order of the catalogue."""

    model: Model
    dataset: Dataset
    paths: MemoryPaths

    def score(self, contexts: Sequence[Tracks]) -> NDArray[np.float32]:
        rows = []
        for context in contexts:
            history = next(
                history
                for history in self.dataset.private
                if np.array_equal(history.tracks[: len(context)], context) and len(history) > len(context)
            )
            at, nothing = np.array([len(context)]), np.empty(0, np.int64)
            some = read_moments(history, at, paths=self.paths, counted=nothing, shortlist=1)
            batch = joined_batches([batch_of(moments, np.arange(50)[None]) for moments in some])
            with torch.no_grad():
                rows.append(self.model.head(batch, self.model.tables).logits[0].numpy())
        return np.array(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_where_all_tracks_are_retrieved_a_head_is_ranked_as_any_other_scorer_is(
    kind: str,
    models: dict[str, Model],
    dataset: Dataset,
    paths: MemoryPaths,
    targets: Targets,
    held_out: HeldOutMoments,
) -> None:
    model = models[kind]
    ranking = rank(model, model.vector(), held_out)
    expected = evaluate(HeadAsScorer(model, dataset, paths), dataset.private, targets)
    np.testing.assert_array_equal(ranking.ranks, expected.ranks)
    np.testing.assert_array_equal(ranking.top20, expected.top20)


@pytest.mark.parametrize("kind", KINDS)
def test_a_track_that_was_not_retrieved_comes_after_all_that_were(
    kind: str, models: dict[str, Model], short: HeldOutMoments, held_out: HeldOutMoments
) -> None:
    """In the middle of the 20 places that are left, since nothing orders those tracks."""
    model = models[kind]
    ranking, full = rank(model, model.vector(), short), rank(model, model.vector(), held_out)
    retrieved = (short.batch.candidates.numpy() == short.played[:, None]).any(1)
    assert 0 < retrieved.sum() < len(retrieved)
    assert (ranking.ranks[~retrieved] == (30 + 1 + 50) / 2).all()
    assert (ranking.ranks[retrieved] <= 30).all()
    assert (ranking.ranks[retrieved] <= full.ranks[retrieved]).all()  # who is scored alike competes with fewer
    for row, best in enumerate(ranking.top20):
        assert set(best.tolist()) <= set(short.batch.candidates[row].tolist())


def all_scores(seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Scores (6, 7) with ties among them, shortlists of 7 among 12 tracks, and plays of which some are in them."""
    draw = np.random.default_rng(seed)
    candidates = np.array([draw.permutation(12)[:7] for _ in range(6)])
    return draw.integers(4, size=(6, 7)).astype(np.float32), candidates, draw.integers(12, size=6)


@given(st.integers(0, 10_000))
def test_ranks_are_those_of_a_full_ranking_in_which_all_other_tracks_are_last_alike(seed: int) -> None:
    scores, candidates, played = all_scores(seed)
    found = head_ranking._among_all(scores, candidates, played, tracks=12)
    for row, (own, listed, track) in enumerate(zip(scores, candidates.tolist(), played.tolist(), strict=True)):
        by_track = dict.fromkeys(range(12), -np.inf) | dict(zip(listed, own.tolist(), strict=True))
        better = sum(score > by_track[track] for score in by_track.values())
        alike = sum(score == by_track[track] for score in by_track.values())
        assert found.ranks[row] == 1 + better + (alike - 1) / 2
        assert sorted(found.top20[row].tolist()) == sorted(listed)
        assert [by_track[best] for best in found.top20[row]] == sorted(own.tolist(), reverse=True)


def test_the_top_are_the_best_scored_candidates() -> None:
    scores, candidates = np.linspace(0, 1, 40, dtype=np.float32)[None], np.arange(40)[None] + 100
    found = head_ranking._among_all(scores, candidates, np.array([139]), tracks=1000)
    assert found.top20.tolist() == [list(range(139, 139 - TOP, -1))]
    assert found.ranks.tolist() == [1]


def test_the_released_numbers_are_those_that_are_ranked_by(models: dict[str, Model], held_out: HeldOutMoments) -> None:
    model = models["adapter"]
    other = rank(model, model.vector() + 1, held_out)
    assert not np.array_equal(other.top20, rank(model, model.vector(), held_out).top20)
    assert torch.equal(model.vector(), models["adapter"].vector())


def test_batches_and_ranges_change_nothing(
    models: dict[str, Model], held_out: HeldOutMoments, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = models["plain"]
    whole = rank(model, model.vector(), held_out)
    monkeypatch.setattr(head_ranking, "MOMENTS_AT_ONCE", 7)
    parts = head_ranking.joined(
        [rank(model, model.vector(), held_out, targets=some) for some in (range(0, 10), range(10, 33), range(33, 80))]
    )
    np.testing.assert_array_equal(parts.ranks, whole.ranks)
    np.testing.assert_array_equal(parts.top20, whole.top20)


def test_the_play_to_foresee_and_all_after_it_are_not_seen(
    models: dict[str, Model],
    dataset: Dataset,
    paths: MemoryPaths,
    counted: Counted,
    targets: Targets,
    held_out: HeldOutMoments,
) -> None:
    """The target and what follows become other tracks: what is recommended stays the same."""
    model = models["plain"]
    expected = rank(model, model.vector(), held_out)
    for place, target in [(0, targets[0]), (35, targets[35]), (79, targets[79])]:
        history = dataset.private[target.listener]
        tracks = history.tracks.copy()
        tracks[target.position :] = (tracks[target.position :] + 17) % 50
        changed = tuple(
            replace(history, tracks=tracks) if listener == target.listener else other
            for listener, other in enumerate(dataset.private)
        )
        ranking = rank(model, model.vector(), held_out_moments(changed, [target], paths=paths, counted=counted))
        assert ranking.top20[0].tolist() == expected.top20[place].tolist()
        assert ranking.ranks[0] != expected.ranks[place]


def test_what_the_statistics_hold_of_a_listener_is_taken_out(dataset: Dataset, paths: MemoryPaths) -> None:
    """Seeded bug: left in, the play to foresee has evidence that it gave itself."""
    targets = held_out_targets(dataset.public)
    plays = [history.tracks for history in dataset.public]
    honest = held_out_moments(dataset.public, targets, paths=paths, counted=plays)
    leaking = held_out_moments(dataset.public, targets, paths=paths, counted=[np.empty(0, np.int64) for _ in plays])
    assert not torch.equal(honest.batch.evidence, leaking.batch.evidence)
    of_the_play = [
        (some.batch.evidence.float().sum(1) * (some.batch.candidates == torch.from_numpy(some.played)[:, None])).sum()
        for some in (honest, leaking)
    ]
    assert of_the_play[0] < of_the_play[1]


def test_moments_know_whose_play_it_is_and_which_track_came(
    dataset: Dataset, targets: Targets, held_out: HeldOutMoments
) -> None:
    assert held_out.listener.tolist() == [target.listener for target in targets]
    assert held_out.played.tolist() == [dataset.private[t.listener].tracks[t.position] for t in targets]
    assert held_out.tracks == 50
