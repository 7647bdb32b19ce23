"""Whole rounds: the sum is exact whoever is lost and when, up to the threshold; beyond it nothing is known."""

import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.secagg.coordinator import Aborted
from shared_model.secagg.graph import plan_graph
from shared_model.secagg.messages import Kind
from tests.shared_model.secagg.rounds import STAGES, cast, play

SENT_A_VECTOR = (Kind.AGREEMENT, Kind.UNMASKING)


def in_the_sum(actors, lost) -> list[int]:
    return [number for number in actors.devices if lost.get(number) in (None, *SENT_A_VECTOR)]


@pytest.mark.parametrize("devices", range(3, 13))
def test_the_sum_is_exact_when_everybody_stays(devices):
    actors = cast(devices, threshold=devices)
    ended = play(actors)
    assert not ended.refused
    assert not ended.rejected
    assert (actors.coordinator.sum == actors.expected(actors.devices)).all()
    assert actors.coordinator.summed == devices


@pytest.mark.parametrize(("first", "second"), list(product(STAGES, STAGES)))
def test_every_pair_of_stages_at_which_two_of_five_are_lost(first, second):
    actors = cast(5, threshold=3)
    lost = {1: first, 13: second}
    lost = {number: stage for number, stage in lost.items() if stage is not Kind.NEIGHBOURS}  # nothing is drawn there
    ended = play(actors, lost=lost)
    assert not ended.refused
    assert (actors.coordinator.sum == actors.expected(in_the_sum(actors, lost))).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 12), st.data())
def test_every_pattern_of_loss_up_to_the_threshold(devices, data):
    bits = data.draw(st.integers(1, 62))
    dishonest = data.draw(st.integers(0, (devices - 1) // 3))
    actors = cast(devices, threshold=(devices + dishonest) // 2 + 1, dishonest=dishonest, modulus_bits=bits)
    least = actors.terms.parameters.least_survivors(devices)
    leaving = data.draw(st.lists(st.sampled_from(list(actors.devices)), max_size=devices - least, unique=True))
    stages = [Kind.SHARES, Kind.MASKED, Kind.AGREEMENT, Kind.UNMASKING]
    lost = {number: data.draw(st.sampled_from(stages)) for number in leaving}
    ended = play(actors, lost=lost)
    assert not ended.refused
    assert not actors.coordinator.offenders
    assert (actors.coordinator.sum == actors.expected(in_the_sum(actors, lost))).all()


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage is not Kind.NEIGHBOURS])
def test_beyond_the_threshold_it_aborts_with_a_sentence_and_nothing_partial(stage):
    actors = cast(6, threshold=5)
    with pytest.raises(Aborted, match="the round is aborted, and nothing of it is known"):
        play(actors, lost=dict.fromkeys([1, 4, 7], stage))
    assert actors.coordinator.sum is None
    assert actors.coordinator.stage is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_random_losses_of_200_devices_in_a_drawn_graph(seed):
    chance = random.Random(seed)  # noqa: S311 - who is lost in a test
    actors = cast(200, threshold=170, honest=90, dishonest=10, size=40, seed=seed)
    leaving = chance.sample(sorted(actors.devices), 25)
    lost = {number: chance.choice(STAGES[1:]) for number in leaving}
    ended = play(actors, lost=lost)
    assert not ended.refused
    assert (actors.coordinator.sum == actors.expected(in_the_sum(actors, lost))).all()


def test_a_drawn_graph_of_60_devices_survives_losses_at_every_stage():
    actors = cast(60, threshold=50, honest=20)
    lost = {1 + 3 * place: stage for place, stage in enumerate(STAGES[1:])}
    ended = play(actors, lost=lost)
    assert not ended.refused
    assert not plan_graph(60, actors.terms.parameters).is_complete
    assert (actors.coordinator.sum == actors.expected(in_the_sum(actors, lost))).all()


def test_what_the_coordinator_holds_before_the_end_is_uniform():
    """The running sum of masked vectors of zeros shows every value alike: 4 bits, 20,000 numbers."""
    from scipy.stats import chisquare

    actors = cast(4, size=20_000, modulus_bits=4)
    for number in actors.vectors:
        actors.vectors[number][:] = 0
    seen = []

    def said(stage, _number, content):
        if stage is Kind.MASKED:
            seen.append(content[33:])
        return content

    play(actors, said=said)
    assert not actors.coordinator.sum.any()
    for content in seen:
        nibbles = np.frombuffer(content, np.uint8)
        assert chisquare(np.bincount(nibbles & 15, minlength=16)).pvalue > 1e-6
        assert chisquare(np.bincount(nibbles >> 4, minlength=16)).pvalue > 1e-6


def test_no_two_rounds_of_the_same_vectors_look_alike():
    texts = set()
    for _ in range(2):
        actors = cast(3, seed=5)
        play(actors, said=lambda _stage, _number, content: texts.add(content) or content)
    # 3 devices say 5 things in each round, and share no message
    assert len(texts) == 30


def test_more_devices_than_a_sum_has_room_for_are_aborted():
    actors = cast(6, cohort=5, most=5)
    with pytest.raises(Aborted, match="room for"):
        play(actors)
