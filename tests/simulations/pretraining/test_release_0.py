from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from shared_model.errors import BadInput
from shared_model.head.adapter import IN_ROUNDS
from shared_model.head.batch import Tables
from shared_model.head.head import AttentiveFusionHead
from shared_model.head.parameters import ParameterLayout
from shared_model.history import History
from shared_model.memory.channels import CHANNELS, CHANNELS_OF
from shared_model.memory.memory_paths import MemoryPaths
from shared_model.memory.public_statistics import fit_public_statistics
from shared_model.training.examples import Examples, build_examples, take
from shared_model.training.local_update import Model, loss
from simulations.datasets.dataset import Dataset
from simulations.pretraining import release_0
from simulations.pretraining.release_0 import Pretraining, latest_positions, public_examples, train_release_0

PRETRAINING = Pretraining(learning_rate=0.02, batch_size=16, epochs=3, candidates=20, max_examples=20, moments=1000)
Heads = dict[str, AttentiveFusionHead]
Heard = Callable[[History, NDArray[np.int64], Sequence[History]], NDArray[np.int64]]


def learned(public: tuple[History, ...], dataset: Dataset, seed: int = 0) -> Examples:
    """Examples from statistics that hold those listeners."""
    statistics = fit_public_statistics([history.tracks for history in public], dataset.catalogue)
    paths = MemoryPaths.of(statistics, dataset.catalogue)
    return public_examples(public, paths=paths, pretraining=PRETRAINING, seed=seed)


@pytest.fixture(scope="module")
def public(dataset: Dataset) -> Examples:
    return learned(dataset.public, dataset)


def fresh(heads: Heads) -> AttentiveFusionHead:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return AttentiveFusionHead(heads["plain"].shape)


def trained(
    heads: Heads,
    tables: Tables,
    public: Examples,
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> AttentiveFusionHead:
    head = fresh(heads)
    train_release_0(head, tables, public, pretraining=PRETRAINING, seed=seed, progress=progress)
    return head


def latest_heard(dataset: Dataset, heard: Heard, *, each: int) -> list[NDArray[np.int64]]:
    """Of every public listener's latest plays those that are learned from, by position."""
    everyone = dataset.public
    return [
        heard(history, latest_positions(history, each), [other for other in everyone if other is not history])
        for history in everyone
    ]


def test_every_public_listener_gives_its_latest_plays(dataset: Dataset, heard: Heard, public: Examples) -> None:
    at = latest_heard(dataset, heard, each=20)
    came = [history.tracks[places] for history, places in zip(dataset.public, at, strict=True)]
    assert public.batch.candidates[:, 0].tolist() == np.concatenate(came).tolist()
    assert public.batch.candidates.shape[1] == 50  # all that memory retrieves; each step draws from them
    assert (public.weight == 1).all()


def by_track(examples: Examples) -> torch.Tensor:
    """Evidence (E, channels, 50) in the order of the catalogue."""
    return examples.batch.evidence.gather(
        2, examples.batch.candidates.argsort(1)[:, None].expand_as(examples.batch.evidence)
    )


@pytest.mark.parametrize("position", [30, 40])
def test_a_play_changes_no_example_of_its_own_listener_until_it_has_happened(
    position: int, dataset: Dataset, heard: Heard, public: Examples
) -> None:
    """Though the statistics hold it: what its listener added is taken out. Others may learn from it."""
    tracks = dataset.public[0].tracks.copy()
    tracks[position] = (tracks[position] + 11) % 50
    changed = replace(dataset, public=(replace(dataset.public[0], tracks=tracks), *dataset.public[1:]))
    again = learned(changed.public, dataset)
    kept, kept_again = (latest_heard(some, heard, each=20)[0].tolist() for some in (dataset, changed))
    at = kept.index(position)
    assert kept[: at + 1] == kept_again[: at + 1]
    until = slice(0, at + 1)
    for name in ("history", "hours", "moment", "record"):
        assert torch.equal(getattr(take(again, until).batch, name), getattr(take(public, until).batch, name))
    assert torch.equal(by_track(again)[until], by_track(public)[until])
    assert again.batch.candidates[at, 0] != public.batch.candidates[at, 0]
    others, others_again = slice(len(kept), None), slice(len(kept_again), None)
    one, other = by_track(public)[others], by_track(again)[others_again]
    assert len(one) != len(other) or not torch.equal(one, other)


def test_seeded_bug_evidence_that_knows_the_answer_would_be_seen(dataset: Dataset, public: Examples) -> None:
    """Read as if they had added nothing, listeners find in the statistics what they are to foresee."""
    statistics = fit_public_statistics([history.tracks for history in dataset.public], dataset.catalogue)
    leaking, _ = build_examples(
        dataset.public,
        [latest_positions(history, 20) for history in dataset.public],
        paths=MemoryPaths.of(statistics, dataset.catalogue),
        counted=[np.empty(0, np.int64) for _ in dataset.public],
        candidates=50,
        generator=np.random.default_rng(0),
    )
    came_next = CHANNELS.index("next")
    assert leaking.batch.evidence[:, came_next, 0].min() > 0
    assert public.batch.evidence[:, came_next, 0].min() == 0
    assert not torch.equal(by_track(leaking), by_track(public))


@pytest.mark.parametrize(("moments", "each"), [(1000, 20), (60, 10), (6, 1), (1, 1)])
def test_where_listeners_are_many_each_gives_fewer_moments(
    moments: int, each: int, dataset: Dataset, heard: Heard, paths: MemoryPaths
) -> None:
    """The latest ones; 6 listeners of 50 plays."""
    bounded = replace(PRETRAINING, moments=moments)
    found = public_examples(dataset.public, paths=paths, pretraining=bounded, seed=0)
    at = latest_heard(dataset, heard, each=each)
    came = [history.tracks[places] for history, places in zip(dataset.public, at, strict=True)]
    assert found.batch.candidates[:, 0].tolist() == np.concatenate(came).tolist()


@pytest.mark.parametrize(
    ("plays", "limit", "expected"), [(5, 3, [2, 3, 4]), (5, 9, [1, 2, 3, 4]), (1, 9, []), (0, 9, [])]
)
def test_the_latest_positions_each_have_a_play_before_them(
    plays: int, limit: int, expected: list[int], dataset: Dataset
) -> None:
    assert latest_positions(dataset.public[0].before(plays), limit).tolist() == expected


def test_one_listener_is_enough(dataset: Dataset, heard: Heard) -> None:
    """Who learns from what was played before: nobody else's plays tell of anything else."""
    (alone,) = dataset.public[:1]
    assert len(learned((alone,), dataset).weight) == len(heard(alone, latest_positions(alone, 20), ())) > 0


def test_public_listening_with_nothing_to_learn_from_is_refused(dataset: Dataset) -> None:
    for public in ((), (dataset.public[0].before(1),)):
        with pytest.raises(BadInput, match="public listeners has plays to learn from"):
            learned(public, dataset)


def test_plays_of_which_memory_reaches_none_are_refused(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    none_reached = take(learned(dataset.public[:1], dataset), slice(0, 0)), [0]
    monkeypatch.setattr(release_0, "build_examples", lambda *_, **__: none_reached)
    with pytest.raises(BadInput, match="to be foreseen at all"):
        learned(dataset.public[:1], dataset)


def test_training_lowers_the_loss(heads: Heads, tables: Tables, public: Examples) -> None:
    def measured(head: AttentiveFusionHead) -> float:
        layout = ParameterLayout.of(head, tuple(name for name, _ in head.named_parameters()))
        with torch.no_grad():
            return float(loss(Model(head=head, tables=tables, layout=layout), dict(head.named_parameters()), public))

    assert measured(trained(heads, tables, public)) < 0.95 * measured(fresh(heads))


def test_a_seed_fixes_release_0_to_the_bit(heads: Heads, tables: Tables, public: Examples) -> None:
    torch.manual_seed(1)
    one = trained(heads, tables, public).state_dict()
    torch.manual_seed(2)
    again, other = trained(heads, tables, public).state_dict(), trained(heads, tables, public, seed=1).state_dict()
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_each_step_draws_candidates_anew_and_keeps_the_play_that_came(
    heads: Heads, tables: Tables, public: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[Examples] = []

    def watching(model: Model, tensors: dict[str, torch.Tensor], examples: Examples) -> torch.Tensor:
        steps.append(examples)
        return loss(model, tensors, examples)

    monkeypatch.setattr(release_0, "loss", watching)
    trained(heads, tables, public)
    evidence = {
        (tuple(history), track): said
        for history, tracks, rows in zip(
            public.batch.history.tolist(), public.batch.candidates.tolist(), public.batch.evidence, strict=True
        )
        for track, said in zip(tracks, rows.T, strict=True)
    }
    drawn = []
    for step in steps:
        assert step.batch.candidates.shape[1] == PRETRAINING.candidates
        for history, tracks, rows in zip(
            step.batch.history.tolist(), step.batch.candidates.tolist(), step.batch.evidence, strict=True
        ):
            assert len(set(tracks)) == len(tracks)
            for track, said in zip(tracks, rows.T, strict=True):
                assert torch.equal(said, evidence[tuple(history), track])
        drawn.append([tuple(tracks) for tracks in step.batch.candidates.tolist()])
    in_an_epoch = -(-len(public.weight) // PRETRAINING.batch_size)
    for epoch in range(PRETRAINING.epochs):
        some = steps[epoch * in_an_epoch : (epoch + 1) * in_an_epoch]
        came = [track for step in some for track in step.batch.candidates[:, 0].tolist()]
        assert sorted(came) == sorted(public.batch.candidates[:, 0].tolist())
    assert len({tuple(sorted(tracks)) for rows in drawn for tracks in rows}) > len(public.weight)


def test_public_listening_teaches_nothing_about_moods(heads: Heads, tables: Tables, public: Examples) -> None:
    """What reads the state stays at zero; all else that rounds may train has been moved."""
    head = trained(heads, tables, public)
    before = dict(fresh(heads).named_parameters())
    moods = {name for name in before if name.endswith("state.weight")}
    assert {"fusion.state.weight", "fusion.mix_state.weight"} < moods
    for name, parameter in head.named_parameters():
        assert bool(parameter.any()) is (name not in moods)
        assert torch.equal(parameter, before[name]) is (name in moods)
    assert any(IN_ROUNDS.match(name) for name in moods)


def test_progress_rises_to_one(heads: Heads, tables: Tables, public: Examples) -> None:
    told: list[float] = []
    trained(heads, tables, public, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) == 3 * -(-len(public.weight) // 16)


PUBLIC = [CHANNELS.index(name) for path in ("transitions", "pairs", "neighbours") for name in CHANNELS_OF[path]]


def watched(
    heads: Heads, tables: Tables, public: Examples, monkeypatch: pytest.MonkeyPatch, pretraining: Pretraining
) -> list[Examples]:
    """The steps of a training."""
    steps: list[Examples] = []

    def watching(model: Model, tensors: dict[str, torch.Tensor], examples: Examples) -> torch.Tensor:
        steps.append(examples)
        return loss(model, tensors, examples)

    monkeypatch.setattr(release_0, "loss", watching)
    train_release_0(fresh(heads), tables, public, pretraining=pretraining, seed=0, progress=lambda _: None)
    return steps


def test_candidates_are_hidden_from_public_listening_by_their_share(
    heads: Heads, tables: Tables, public: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What their artists, and what the listener itself, say of them stays."""
    hidden = watched(heads, tables, public, monkeypatch, replace(PRETRAINING, hidden_share=1.0))
    evidence = torch.cat([step.batch.evidence for step in hidden])
    assert not evidence[:, [*PUBLIC, CHANNELS.index("popularity")]].any()
    for name in ("artist_next", "artist_near", "artist_popularity", "own_plays", "same_artist"):
        assert evidence[:, CHANNELS.index(name)].any()
    assert torch.cat([step.batch.record for step in hidden])[:, PUBLIC].any()
    some = watched(heads, tables, public, monkeypatch, replace(PRETRAINING, hidden_share=0.4))
    popular = torch.cat([step.batch.evidence for step in some])[:, CHANNELS.index("popularity")] > 0
    always = (public.batch.evidence[:, CHANNELS.index("popularity")] > 0).float().mean()
    assert float(popular.float().mean()) == pytest.approx(0.6 * float(always), abs=0.05)
    assert len(set(popular.float().mean(1).tolist())) > 2  # drawn for each candidate, not for each moment


def test_unknown_moments_are_those_of_a_device_whose_tracks_nobody_public_has_played(
    heads: Heads, tables: Tables, public: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [
        *PUBLIC,
        *(CHANNELS.index(name) for name in ("popularity", "artist_next", "artist_near", "artist_popularity")),
    ]
    unknown = watched(heads, tables, public, monkeypatch, replace(PRETRAINING, unknown_share=1.0))
    for step in unknown:
        assert not step.batch.evidence[:, every].any()
        assert not step.batch.record[:, every].any()
        assert step.batch.evidence[:, CHANNELS.index("own_plays")].any()
    some = watched(heads, tables, public, monkeypatch, replace(PRETRAINING, unknown_share=0.4))
    silent = torch.cat([~step.batch.evidence[:, every].flatten(1).any(1) for step in some])
    assert 0.25 < silent.float().mean() < 0.55


def test_examples_themselves_are_never_hidden(
    heads: Heads, tables: Tables, public: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence, record = public.batch.evidence.clone(), public.batch.record.clone()
    watched(heads, tables, public, monkeypatch, replace(PRETRAINING, hidden_share=0.5, unknown_share=0.5))
    assert torch.equal(public.batch.evidence, evidence)
    assert torch.equal(public.batch.record, record)
