from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from shared_model.history import History, Tracks
from shared_model.memory import moments as moments_module
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.moments import HISTORY_LENGTH, read_moments
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.training import examples as examples_module
from shared_model.training.examples import Examples, build_examples, by_listener, take
from simulations.datasets.dataset import Dataset
from simulations.evaluation.held_out import training_part
from simulations.pretraining.release_0 import latest_positions

NOTHING = np.empty(0, np.int64)
Heard = Callable[[History, NDArray[np.int64], Sequence[History]], NDArray[np.int64]]


def built(
    paths: MemoryPaths,
    histories: Sequence[History],
    *,
    candidates: int = 44,
    seed: int = 3,
    positions: Sequence[NDArray[np.int64]] | None = None,
    counted: Sequence[Tracks] | None = None,
) -> tuple[Examples, list[int]]:
    """Examples of the latest 12 plays of each."""
    return build_examples(
        histories,
        [latest_positions(history, 12) for history in histories] if positions is None else positions,
        paths=paths,
        counted=[NOTHING for _ in histories] if counted is None else counted,
        candidates=candidates,
        generator=np.random.default_rng(seed),
    )


def same(one: Examples, other: Examples) -> bool:
    fields = zip((*one.batch, one.weight), (*other.batch, other.weight), strict=True)
    return all(torch.equal(a.nan_to_num(-9.0), b.nan_to_num(-9.0)) for a, b in fields)


def test_the_first_candidate_is_the_play_that_came_and_no_other_is_it_again(
    heard: Heard, dataset: Dataset, paths: MemoryPaths
) -> None:
    found, counts = built(paths, dataset.private)
    positions = [heard(history, latest_positions(history, 12), dataset.public) for history in dataset.private]
    assert counts == [len(at) for at in positions]
    came = [history.tracks[at] for history, at in zip(dataset.private, positions, strict=True)]
    assert found.batch.candidates[:, 0].tolist() == np.concatenate(came).tolist()
    assert found.batch.candidates.shape[1] == 44
    for candidates in found.batch.candidates.tolist():
        assert len(set(candidates)) == 44
    assert (found.weight == 1).all()


def test_a_track_that_only_the_listeners_later_plays_hold_is_neither_play_nor_candidate(
    heard: Heard, dataset: Dataset, paths: MemoryPaths
) -> None:
    """It is in the catalogue because this listener will play it: a head that learned so would know the answer."""
    nobody_elses = [
        np.setdiff1d(own.tracks, np.concatenate([other.tracks for other in dataset.public if other is not own]))
        for own in dataset.public
    ]
    assert any(len(tracks) for tracks in nobody_elses)
    everything = [np.arange(1, len(history)) for history in dataset.public]
    counted = [history.tracks for history in dataset.public]
    found, counts = built(paths, dataset.public, candidates=20, positions=everything, counted=counted)
    rows = iter(found.batch.candidates.tolist())
    for history, count, strange in zip(dataset.public, counts, nobody_elses, strict=True):
        others = [other for other in dataset.public if other is not history]
        at = heard(history, np.arange(1, len(history)), others)
        assert count == len(at)
        for place in at:
            foreign = set(strange.tolist()) - set(history.tracks[:place].tolist())
            assert not foreign & set(next(rows))


@pytest.fixture
def short_lists(monkeypatch: pytest.MonkeyPatch) -> int:
    """So few tracks are retrieved that some plays are not among them."""
    monkeypatch.setattr(examples_module, "LEARNED_SHORTLIST", 9)
    return 9


@pytest.mark.parametrize("candidates", [2, 5, 9, 44])
def test_plays_that_memory_does_not_reach_are_left_out_and_the_others_come_from_the_shortlist(
    heard: Heard, candidates: int, short_lists: int, dataset: Dataset, paths: MemoryPaths
) -> None:
    found, counts = built(paths, dataset.private, candidates=candidates)
    rows = iter(found.batch.candidates.tolist())
    for history, count in zip(dataset.private, counts, strict=True):
        at = heard(history, latest_positions(history, 12), dataset.public)
        some = list(read_moments(history, at, paths=paths, counted=NOTHING, shortlist=short_lists))
        listed = np.concatenate([moments.candidates for moments in some])
        reached = [(row.tolist(), came) for row, came in zip(listed, history.tracks[at], strict=True) if came in row]
        assert count == len(reached)
        for shortlist, came in reached:
            candidates_of = next(rows)
            assert candidates_of[0] == came
            assert len(set(candidates_of)) == len(candidates_of) == min(candidates, short_lists)
            assert set(candidates_of) <= set(shortlist)
    assert next(rows, None) is None
    asked = sum(len(latest_positions(history, 12)) for history in dataset.private)
    assert 0 < len(found.weight) == sum(counts) < asked


def test_every_other_track_of_the_shortlist_may_be_drawn(
    short_lists: int, dataset: Dataset, paths: MemoryPaths
) -> None:
    """Each about as often: nothing is left out for its place in the list."""
    drawn: dict[int, int] = {}
    rows = 0
    for seed in range(150):
        found, _ = built(
            paths, dataset.private[:1], candidates=5, seed=seed, positions=[np.array([20, 21, 22, 23, 24])]
        )
        own = found.batch.candidates[:1, 1:].flatten().tolist()
        rows += 1
        for track in own:
            drawn[track] = drawn.get(track, 0) + 1
    assert len(drawn) == short_lists - 1
    assert all(abs(count / rows - 4 / 8) < 0.16 for count in drawn.values())  # four standard deviations


def test_evidence_of_an_example_is_that_of_its_candidates(heard: Heard, dataset: Dataset, paths: MemoryPaths) -> None:
    history = dataset.private[0]
    at = heard(history, latest_positions(history, 12), dataset.public)
    found, _ = built(paths, [history])
    evidence = paths.evidence(paths.around(history.tracks, counted=NOTHING), history.tracks, at)
    assert torch.equal(found.batch.evidence, torch.from_numpy(evidence.read(found.batch.candidates.numpy())).half())


def test_what_comes_after_the_latest_example_changes_no_example(dataset: Dataset, paths: MemoryPaths) -> None:
    histories = dataset.private
    positions = [latest_positions(training_part(history), 12) for history in histories]
    draw = np.random.default_rng(0)
    ends = [len(training_part(history)) for history in histories]
    changed = [
        replace(history, tracks=np.r_[history.tracks[:end], draw.integers(50, size=len(history) - end)])
        for history, end in zip(histories, ends, strict=True)
    ]
    assert any((one.tracks != other.tracks).any() for one, other in zip(histories, changed, strict=True))
    found, counts = built(paths, histories, positions=positions)
    again, counts_again = built(paths, changed, positions=positions)
    assert same(found, again)
    assert counts == counts_again


def test_examples_of_a_counted_listener_are_those_of_one_whom_nobody_counted(
    dataset: Dataset, paths: MemoryPaths
) -> None:
    """What `paths` hold of each is taken out of its own evidence: none knows its answers."""
    everyone, _ = built(paths, dataset.public, counted=[history.tracks for history in dataset.public])
    rows = 0
    for place, history in enumerate(dataset.public):
        others = [other.tracks for other in dataset.public[:place] + dataset.public[place + 1 :]]
        without = MemoryPaths.of(fit_public_statistics(others, dataset.catalogue), dataset.catalogue)
        alone, (count,) = built(without, [history], candidates=50)
        own = take(everyone, slice(rows, rows + count))
        places = [
            row.index(track)
            for row, tracks in zip(alone.batch.candidates.tolist(), own.batch.candidates.tolist(), strict=True)
            for track in tracks
        ]
        columns = torch.tensor(places).view(count, 44)
        expected = alone.batch.evidence.gather(2, columns[:, None].expand(-1, alone.batch.evidence.shape[1], -1))
        assert torch.equal(own.batch.evidence, expected)
        assert torch.equal(own.batch.record, alone.batch.record)
        rows += count
    assert rows == len(everyone.weight)


def test_parts_of_a_history_change_nothing_but_the_draws(
    dataset: Dataset, paths: MemoryPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, counts = built(paths, dataset.private, candidates=50)
    monkeypatch.setattr(moments_module, "NUMBERS_AT_ONCE", 5 * 50)
    parts, counts_of_parts = built(paths, dataset.private, candidates=50)
    assert counts == counts_of_parts
    assert same(whole, parts)  # all 50 tracks are candidates, in the order of the shortlist


def test_a_seed_fixes_the_examples(dataset: Dataset, paths: MemoryPaths) -> None:
    one, again, other = (built(paths, dataset.private, seed=seed)[0] for seed in (3, 3, 4))
    assert same(one, again)
    assert not same(one, other)


def test_neither_global_seed_has_a_say(dataset: Dataset, paths: MemoryPaths) -> None:
    before, _ = built(paths, dataset.private)
    np.random.seed(99)
    torch.manual_seed(99)
    assert same(before, built(paths, dataset.private)[0])


def test_listeners_are_padded_to_the_public_number_with_weight_zero(
    heard: Heard, dataset: Dataset, paths: MemoryPaths
) -> None:
    learned_from = [training_part(history) for history in dataset.private]
    flat, counts = built(paths, learned_from)
    at = [heard(history, latest_positions(history, 12), dataset.public) for history in learned_from]
    assert counts == [len(places) for places in at]
    assert {0, 12} < set(counts)
    padded = by_listener(flat, counts, nominal=15)
    assert padded.weight.shape == (8, 15)
    assert padded.weight.sum(1).tolist() == counts
    ends = np.cumsum(counts)
    for listener, (end, count) in enumerate(zip(ends, counts, strict=True)):
        own = take(flat, slice(end - count, end))
        assert same(take(take(padded, torch.tensor(listener)), slice(0, count)), own)
    assert padded.batch.history.shape == (8, 15, HISTORY_LENGTH)


def test_of_more_examples_than_the_public_number_the_first_are_kept(dataset: Dataset, paths: MemoryPaths) -> None:
    flat, counts = built(paths, dataset.private[:1])
    assert same(take(by_listener(flat, counts, nominal=5), torch.tensor(0)), take(flat, slice(0, 5)))


def test_devices_of_which_none_has_an_example_are_padding_alone(dataset: Dataset, paths: MemoryPaths) -> None:
    """As where memory reaches none of their few plays."""
    flat, _ = built(paths, dataset.private)
    padded = by_listener(take(flat, slice(0, 0)), [0, 0], nominal=3)
    assert not padded.weight.any()
    for field, of_flat in zip(padded.batch, flat.batch, strict=True):
        assert field.shape == (2, 3, *of_flat.shape[1:])
        assert field.dtype == of_flat.dtype
