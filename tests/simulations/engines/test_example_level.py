"""Rounds in process whose devices train by example-level DP-SGD (privacy requirements 3, 10, 20 and 32)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from server.round import RoundState, run_round
from shared_model.errors import BadInput, Refused
from shared_model.privacy.example_account import ExampleAccount
from shared_model.privacy.plan import Clipping
from shared_model.privacy.randomness import KeyedRandomness
from shared_model.privacy.spending import device_spent
from shared_model.privacy.spent import Relation, Sampling, Trust, Unit
from shared_model.training.example_level import BATCH, NOISE, ExampleLevelTraining
from shared_model.training.examples import take
from shared_model.training.local_update import bounded_updates, clipped_updates
from simulations.engines.example_level import ExampleLevel
from simulations.engines.federation import Federation, train
from simulations.engines.flower import run_by_flower
from simulations.engines.in_process import example_level_updates, run_in_process
from simulations.engines.participation import participations

STEPS = 2
TRAINING = ExampleLevelTraining(learning_rate=0.5, steps=STEPS, clip_norm=0.5, batch_size=4, dataset_size=8)
ACCOUNT = ExampleAccount(sample_rate=0.5, noise_multiplier=1.0, delta=1e-3, epsilon_cap=100.0)
LEVEL = ExampleLevel(training=TRAINING, account=ACCOUNT)
LOCAL: dict[str, Any] = {
    "sampling": Sampling.NONE,
    "trust": Trust.LOCAL,
    "relation": Relation.REPLACE_ONE,
    "max_participations": 3,
}


class Killed(Exception):
    pass


def with_cap_after(rounds: int) -> ExampleLevel:
    """A cap that leaves room for so many rounds of a device."""
    epsilon = LEVEL.account_after(rounds).spent().epsilon
    assert epsilon is not None
    return replace(LEVEL, account=replace(ACCOUNT, epsilon_cap=epsilon))


@pytest.fixture
def federation(tiny_federation: Federation) -> Federation:
    plan = replace(tiny_federation.plan, rounds=4, max_participations=4)
    return replace(tiny_federation, plan=plan, example_level=LEVEL)


def run(federation: Federation) -> RoundState:
    *_, last = run_in_process(RoundState.start(federation.model.vector()), federation)
    return last


def updates_of(federation: Federation, devices: list[int], *, earlier: int = 0) -> Tensor:
    numbers = torch.tensor(devices)
    return example_level_updates(
        federation,
        federation.model.vector(),
        take(federation.examples, numbers),
        level=LEVEL,
        devices=numbers,
        earlier=np.full(len(devices), earlier),
    )


def test_updates_differ_from_plain_ones_and_each_is_clipped_for_the_device(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Tensor] = []

    def watched(state: RoundState, *, collect: Any, **others: Any) -> RoundState:
        def kept(number: int, vector: Tensor, cohort: NDArray[np.int64]) -> Iterator[Tensor]:
            for rows in collect(number, vector, cohort):
                seen.append(rows)
                yield rows

        return run_round(state, collect=kept, **others)

    monkeypatch.setattr("simulations.engines.in_process.run_round", watched)
    last = run(federation)
    private, (first, *_) = tuple(seen), seen
    without = run(replace(federation, example_level=None))
    assert not torch.equal(last.vector, without.vector)
    unclipped = updates_of(federation, list(range(12)))
    assert (unclipped.norm(dim=1) > federation.plan.clip_norm).any()
    assert all(float(rows.double().norm(dim=1).max()) <= federation.plan.clip_norm for rows in private)
    start = federation.model.vector()
    plain = clipped_updates(
        federation.model, start, federation.examples, training=federation.training, plan=federation.plan
    )
    assert not any(torch.allclose(row, other, atol=1e-4) for row in first for other in plain)
    # below the cap, who takes part is the plan's matter alone
    assert [record.answered for record in last.records] == [record.answered for record in without.records]


@pytest.mark.parametrize("changes", [{}, {"clipping": Clipping.ADAPTIVE}, LOCAL], ids=["flat", "adaptive", "local"])
def test_what_is_done_to_a_device_s_update_is_what_is_done_to_a_plain_one(
    federation: Federation, changes: dict[str, Any]
) -> None:
    changed = replace(federation, plan=replace(federation.plan, **changes))
    last = run(changed)
    assert last.round == 4
    assert torch.isfinite(last.vector).all()
    assert (last.clip_norm is not None) == (changed.plan.clipping is Clipping.ADAPTIVE)
    rows = bounded_updates(updates_of(federation, [0, 1]), plan=changed.plan)
    assert rows.shape[1] == len(last.vector) + (changed.plan.clipping is Clipping.ADAPTIVE)


@pytest.mark.parametrize("level", [LEVEL, with_cap_after(2)], ids=["room", "at the cap"])
def test_a_killed_run_goes_on_to_the_same_bytes(federation: Federation, level: ExampleLevel, tmp_path: Path) -> None:
    whose = replace(federation, example_level=level)

    def until(stop: int | None, folder: Path) -> RoundState:
        def progress(number: int) -> None:
            if number == stop:
                raise Killed

        return train(whose, engine=run_in_process, folder=folder, every=10, evaluated=lambda _: None, progress=progress)

    whole = until(None, tmp_path / "whole")
    with pytest.raises(Killed):
        until(2, tmp_path / "killed")
    resumed = until(None, tmp_path / "killed")
    assert torch.equal(resumed.vector, whole.vector)
    assert resumed.records == whole.records


def test_at_the_cap_devices_decline_and_are_counted(federation: Federation) -> None:
    capped = replace(federation, example_level=with_cap_after(2))
    last, open_ended = run(capped), run(federation)
    taken = participations(capped, rounds=4)
    assert taken.max() == 2 < participations(federation, rounds=4).max()
    assert taken.sum() == sum(record.answered for record in last.records)
    assert sum(record.declined for record in last.records) > sum(record.declined for record in open_ended.records)
    with pytest.raises(Refused, match="above its cap"):
        with_cap_after(2).debit(2)


def test_an_account_is_what_its_rounds_add_up_to() -> None:
    account = ACCOUNT
    for times in range(4):
        assert LEVEL.account_after(times) == account
        assert LEVEL.debit(times).first_step == times * STEPS
        account = account.debit(STEPS, store=lambda _: None).account


def test_no_stream_is_drawn_twice(federation: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []
    answer = Federation.randomness

    def noted(self: Federation, purpose: str, number: int) -> KeyedRandomness:
        asked.append((purpose, number))
        return answer(self, purpose, number)

    monkeypatch.setattr(Federation, "randomness", noted)
    run(federation)
    drawn = [each for each in asked if each[0].startswith((BATCH, NOISE))]
    assert len(drawn) == len(set(drawn)) == 2 * STEPS * participations(federation, rounds=4).sum()
    assert not torch.equal(updates_of(federation, [3]), updates_of(federation, [3], earlier=1))


def test_a_device_s_update_does_not_depend_on_who_is_beside_it(federation: Federation) -> None:
    both = updates_of(federation, [7, 3])
    torch.testing.assert_close(both[1:], updates_of(federation, [3]), atol=0, rtol=0)
    torch.testing.assert_close(both[:1], updates_of(federation, [7]), atol=0, rtol=0)


def test_line_3_the_number_has_another_unit_and_is_not_added_to_the_device_s(federation: Federation) -> None:
    spent = LEVEL.account_after(2).spent()
    device = device_spent(federation.plan, participations=2)
    assert (spent.unit, device.unit) == (Unit.EXAMPLE, Unit.DEVICE)
    with pytest.raises(TypeError, match="unit"):
        _ = spent + device
    with pytest.raises(TypeError, match="unit"):
        _ = replace(spent, delta=device.delta) < device


def test_flower_does_not_train_plainly_in_its_place(federation: Federation) -> None:
    with pytest.raises(BadInput, match="runs in process only so far; leave --engine out"):
        next(run_by_flower(RoundState.start(federation.model.vector()), federation))
