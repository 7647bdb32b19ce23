"""One run with canaries, through the code of clients and server."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import shared_model.privacy.mechanism
from shared_model.errors import Refused
from shared_model.privacy.loss_distribution import pld_epsilon
from shared_model.privacy.noise import gaussian_noise
from shared_model.privacy.plan import Clipping
from simulations.auditing.canaries import likelihood_scores
from simulations.auditing.one_run import AuditedRun, plan_with_canaries, run_with_canaries
from simulations.auditing.one_run_verdict import OneRunVerdict, guess, judge
from simulations.auditing.power import power
from simulations.engines.federation import Federation

pytestmark = pytest.mark.slow  # several PLDs for each verdict

CANARIES = 400


@pytest.fixture
def federation(tiny_federation: Federation) -> Federation:
    plan = replace(tiny_federation.plan, rounds=30, cohort=4, noise_multiplier=4.0, max_participations=30)
    return replace(tiny_federation, plan=plan)


def audited(federation: Federation) -> tuple[AuditedRun, OneRunVerdict]:
    run = run_with_canaries(federation, canaries=CANARIES, seed=1, progress=lambda _: None)
    claim = run.claim
    scores = likelihood_scores(run.found, sample_rate=claim.sample_rate, noise_multiplier=claim.noise_multiplier)
    return run, judge(scores, run.included, claim, false_alarms=0.05)


def test_an_honest_run_stands_and_its_bound_lies_below_its_claim(federation: Federation) -> None:
    run, verdict = audited(federation)
    assert not verdict.refuted
    assert 0 <= verdict.steinke <= verdict.epsilon_lower <= run.claim.epsilon
    assert run.claim.epsilon == pld_epsilon(
        sample_rate=run.plan.sample_rate, noise_multiplier=4.0, rounds=30, delta=run.plan.delta
    )


@pytest.mark.parametrize("factor", [0.0, 0.08], ids=["no noise", "over the square root of the cohort"])
def test_a_run_without_its_noise_is_refuted(
    factor: float, federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def little(size: int, *, standard_deviation: float, randomness: object) -> np.ndarray:
        noise: Callable[..., np.ndarray] = gaussian_noise
        return noise(size, standard_deviation=factor * standard_deviation, randomness=randomness)

    monkeypatch.setattr(shared_model.privacy.mechanism, "gaussian_noise", little)
    run, verdict = audited(federation)
    assert verdict.refuted
    assert verdict.epsilon_lower > run.claim.epsilon


def test_canaries_change_neither_the_chance_to_be_drawn_nor_the_noise(federation: Federation) -> None:
    plan = plan_with_canaries(federation.plan, canaries=CANARIES)
    assert plan.population == federation.plan.population + CANARIES
    assert plan.sample_rate == pytest.approx(federation.plan.sample_rate, rel=0.01)
    assert plan.noise_multiplier == federation.plan.noise_multiplier
    assert plan.delta < 1 / plan.population


def test_who_is_left_out_is_never_in_a_round(federation: Federation) -> None:
    """Their scores are noise around zero, the others' lie above it."""
    run, _ = audited(federation)
    out, there = run.found[:, ~run.included], run.found[:, run.included]
    error = out.mean(0).std() / np.sqrt(out.shape[1])
    assert abs(out.mean()) < 5 * error
    assert there.mean() == pytest.approx(run.plan.sample_rate, abs=6 * error)


def test_power_says_which_bugs_such_a_run_sees_and_that_honest_ones_pass(federation: Federation) -> None:
    run, _ = audited(federation)
    caught = power(run, size=federation.model.layout.size, false_alarms=0.05, seed=2)
    assert caught["none"] <= 0.15
    assert caught["no noise"] == 1.0
    assert set(caught) == {
        "none",
        "no noise",
        "noise divided by the square root of the cohort",
        "half the noise",
        "clipping skipped, updates ten times too long",
    }


def test_half_of_the_guesses_are_in_and_half_out() -> None:
    scores, included = np.arange(10.0), np.arange(10) >= 5
    found = guess(scores, included, share=0.4)
    assert (found.guesses, found.right) == (4, 4)
    assert guess(-scores, included, share=0.4).right == 0
    assert guess(scores, included, share=0.0).guesses == 2


def test_plans_that_its_scores_do_not_fit_are_refused(federation: Federation) -> None:
    adaptive = replace(federation, plan=replace(federation.plan, clipping=Clipping.ADAPTIVE))
    with pytest.raises(Refused, match="gate G1 scores releases"):
        run_with_canaries(adaptive, canaries=20, seed=1, progress=lambda _: None)
