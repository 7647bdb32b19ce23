from dataclasses import replace

import numpy as np
import pytest
import torch

from server import checkpoint
from server.round import RoundState
from simulations.engines.federation import is_evaluated, train
from simulations.engines.in_process import run_in_process

ROUNDS = 7


class Killed(BaseException):
    """As a signal would: nothing in the code catches it."""


@pytest.fixture
def federation(tiny_federation):
    plan = replace(tiny_federation.plan, rounds=ROUNDS, max_participations=4)
    return replace(tiny_federation, plan=plan, seed=22)  # with it devices reach their limit from round 5 on


def run(federation, folder, *, every=3, engine=run_in_process, kill_after=None):
    """The last state, the rounds that were evaluated with their vectors, and the progress that was told."""
    seen, told = {}, []

    def killing(state, some):
        for after in engine(state, some):
            if after.round == kill_after:
                raise Killed  # the round is lost: it was not saved yet
            yield after

    try:
        state = train(
            federation,
            engine=killing,
            folder=folder,
            every=every,
            evaluated=lambda state: seen.__setitem__(state.round, state.vector.clone()),
            progress=told.append,
        )
    except Killed:
        state = None
    return state, seen, told


def same(one, other):
    return torch.equal(one.vector, other.vector) and torch.equal(one.velocity, other.velocity)


@pytest.mark.parametrize("kill_after", [1, 2, 5, ROUNDS])
def test_a_run_killed_in_any_round_goes_on_to_the_same_result(kill_after, federation, tmp_path):
    whole, expected, _ = run(federation, tmp_path / "whole")
    stopped, _, _ = run(federation, tmp_path / "resumed", kill_after=kill_after)
    assert stopped is None
    resumed, evaluated, told = run(federation, tmp_path / "resumed")
    assert same(resumed, whole)
    assert resumed.records == whole.records
    assert [record.declined for record in whole.records] == [0, 0, 0, 0, 2, 4, 1]
    assert evaluated.keys() == expected.keys() == {0, 3, 6, 7}
    assert all(torch.equal(evaluated[number], vector) for number, vector in expected.items())
    assert told == list(range(kill_after - 1, ROUNDS + 1))


def test_a_run_killed_between_saving_a_round_and_tidying_up_goes_on_to_the_same_result(
    federation, tmp_path, monkeypatch
):
    whole, _, _ = run(federation, tmp_path / "whole")

    def killed(self, missing_ok=False):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.unlink", killed)
        run(federation, tmp_path / "resumed")
    assert checkpoint.latest(tmp_path / "resumed").round == 2
    assert same(run(federation, tmp_path / "resumed")[0], whole)


def test_a_finished_run_is_evaluated_again_and_trains_no_more(federation, tmp_path):
    whole, expected, _ = run(federation, tmp_path)

    def never(state, some):
        assert state.round == some.plan.rounds
        return iter(())

    again, evaluated, told = run(federation, tmp_path, engine=never)
    assert same(again, whole)
    assert evaluated.keys() == expected.keys()
    assert told == [ROUNDS]


def test_only_states_that_are_evaluated_are_kept(federation, tmp_path):
    run(federation, tmp_path)
    kept = [checkpoint.load(file).round for file in sorted(tmp_path.iterdir())]
    assert kept == [0, 3, 6, 7]


def test_progress_counts_every_round(federation, tmp_path):
    assert run(federation, tmp_path)[2] == list(range(ROUNDS + 1))


@pytest.mark.parametrize(("every", "expected"), [(1, [0, 1, 2, 3, 4, 5]), (2, [0, 2, 4, 5]), (5, [0, 5]), (9, [0, 5])])
def test_the_first_and_the_last_state_are_always_evaluated(every, expected):
    assert [number for number in range(6) if is_evaluated(number, every=every, last=5)] == expected


def test_the_first_state_is_release_0(federation, tmp_path):
    _, evaluated, _ = run(federation, tmp_path)
    assert torch.equal(evaluated[0], federation.model.vector())
    assert not torch.equal(evaluated[3], evaluated[0])


def test_a_seed_names_one_stream_for_each_purpose_and_round(federation):
    streams = [federation.randomness(purpose, number).draw(16) for purpose in ("cohort", "noise") for number in (1, 2)]
    streams.append(replace(federation, seed=23).randomness("noise", 1).draw(16))
    assert len(set(streams)) == 5
    assert federation.randomness("noise", 2).draw(16) == streams[3]
    assert federation.randomness("noise", 1).label == "reproducible"


def test_learning_draws_do_not_touch_the_noise(federation):
    torch.manual_seed(0)
    np.random.seed(0)
    start = RoundState.start(federation.model.vector())
    one = list(run_in_process(start, federation))
    torch.manual_seed(1)
    np.random.seed(1)
    assert all(same(a, b) for a, b in zip(one, run_in_process(start, federation), strict=True))
