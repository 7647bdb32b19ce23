from dataclasses import replace

import pytest

from shared_model.auditing.epsilon import Question, answer, own_epsilon, solved
from shared_model.errors import BadInput, Refused
from shared_model.privacy.gaussian import device_epsilon
from shared_model.privacy.spent import Relation, Sampling

QUESTION = Question(
    sample_rate=0.01,
    noise_multiplier=0.8,
    rounds=500,
    delta=1e-6,
    relation=Relation.ADD_OR_REMOVE_ONE,
    sampling=Sampling.POISSON,
)


def test_it_answers_as_the_table_of_the_requirements_does() -> None:
    found = answer(QUESTION)
    assert found.pld == pytest.approx(2.925, abs=2e-3)
    assert found.rdp == pytest.approx(3.5302, abs=1e-3)


def test_a_device_in_every_round_counts_for_itself_without_amplification() -> None:
    assert own_epsilon(replace(QUESTION, rounds=5)) == device_epsilon(5, noise_multiplier=0.8, delta=1e-6)


@pytest.mark.parametrize("sampling", [Sampling.POISSON, Sampling.NONE])
def test_the_noise_and_the_rounds_are_solved_for(sampling: Sampling) -> None:
    question = replace(QUESTION, sampling=sampling, rounds=20)
    noise = solved(replace(question, noise_multiplier=None), epsilon=3.0)
    assert noise.noise_multiplier is not None
    assert 3.0 * 0.99 < answer(noise).epsilon <= 3.0
    rounds = solved(replace(noise, rounds=None), epsilon=3.0)
    assert rounds.rounds is not None
    assert rounds.rounds >= 20
    assert answer(replace(rounds, rounds=rounds.rounds + 1)).epsilon > 3.0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sample_rate": 0.0}, "sample rate is 0"),
        ({"sample_rate": 1.5}, "sample rate is 1.5"),
        ({"noise_multiplier": 0.0}, "noise multiplier is 0"),
        ({"noise_multiplier": float("nan")}, "noise multiplier is nan"),
        ({"rounds": -1}, "-1 rounds"),
        ({"delta": 1e-13}, "delta is 1e-13"),
        ({"delta": 1.0}, "delta is 1;"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_a_sentence(change: dict[str, float], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        replace(QUESTION, **change)


def test_what_cannot_be_solved_is_refused_with_a_sentence() -> None:
    with pytest.raises(BadInput, match="either"):
        solved(QUESTION, epsilon=1.0)
    with pytest.raises(BadInput, match="target is 0"):
        solved(replace(QUESTION, rounds=None), epsilon=0.0)
    with pytest.raises(BadInput, match="one round already costs more"):
        solved(replace(QUESTION, rounds=None, noise_multiplier=0.3), epsilon=1e-3)
    with pytest.raises(BadInput, match="is the smallest that keeps"):
        solved(replace(QUESTION, noise_multiplier=None), epsilon=1e9)


def test_line_6_what_no_accountant_covers_is_refused_here_too() -> None:
    with pytest.raises(Refused, match="no accountant covers"):
        answer(replace(QUESTION, sampling=Sampling.FIXED_SIZE))
