from dataclasses import replace

import pytest

from shared_model.privacy.adaptive_clipping import AdaptiveClipping
from shared_model.privacy.disclosure import disclosure
from shared_model.privacy.plan import Clipping, Mechanism, PrivacyPlan
from shared_model.privacy.spending import population_spent
from shared_model.privacy.spent import Relation, Sampling, Trust

PLAN = PrivacyPlan(
    population=100_000,
    cohort=1000,
    rounds=500,
    clip_norm=1.0,
    noise_multiplier=0.8,
    delta=1e-6,
    max_participations=5,
)


def text(plan: PrivacyPlan, *, noise: str = "reproducible", simulated: bool = True) -> str:
    return "\n".join(disclosure(plan, rounds=500, most_participations=5, noise=noise, simulated=simulated))


def test_every_required_item_is_said() -> None:
    said = text(PLAN)
    for item in (
        "Simulated",
        "Unit: the device. It is a listener's guarantee only where enrolment gives each person one device",
        "Neighbouring relation: add-or-remove-one",
        "a reader of the releases",
        "the server: epsilon is infinite",
        "chance 0.01 (1000 of 100000)",
        "Tuning",
        "Assumed public: the catalogue",
        "release 0",
        "Noise: reproducible",
    ):
        assert item in said


def test_each_epsilon_comes_with_its_accountant_and_both_are_there() -> None:
    said = text(PLAN)
    assert "epsilon 2.93 by PLD (cross-check 3.54 by RDP) at delta 1e-06, after 500 rounds" in said
    assert "epsilon 16.62 at delta 1e-06 by a device's own count" in said
    assert "(5 of at most 5 times)" in said


def test_the_trade_off_says_which_curve_it_comes_from() -> None:
    said = text(PLAN)
    # below e^2.925 * 0.01 = 18.6 %, which one epsilon and delta alone allow; and Phi(Phi^-1(0.01) + sqrt(5) / 0.8)
    assert "at most 3.2% of the devices that were part of it (from the whole curve of epsilons and deltas)" in said
    assert "at most 68.0% of such devices (from the Gaussian trade-off curve, which is exact)" in said


def test_with_the_mechanism_off_nothing_is_promised() -> None:
    said = text(PLAN.without_privacy())
    assert said.count("epsilon is infinite") == 3
    assert "attacker finds" not in said
    assert "Noise: none is added" in said


def test_a_deployed_run_is_not_called_simulated() -> None:
    said = text(PLAN, noise="operating system", simulated=False)
    assert "Simulated" not in said
    assert "Noise: from the operating system" in said


def test_clipping_alone_is_never_called_private_line_27() -> None:
    assert "differential" not in text(PLAN.without_privacy()).lower()


@pytest.mark.parametrize(
    ("sampling", "relation", "sentences"),
    [
        (Sampling.POISSON, Relation.REPLACE_ONE, ["by PLD (no cross-check: dp-accounting has no RDP", "it might have"]),
        (Sampling.FIXED_SIZE, Relation.REPLACE_ONE, ["by RDP (no PLD: dp-accounting has no PLD", "every set of them"]),
        (Sampling.NONE, Relation.ZERO_OUT, ["by exact Gaussian composition", "who is in a round may be seen"]),
    ],
)
def test_other_samplings_and_relations_say_what_they_mean_line_3(
    sampling: Sampling, relation: Relation, sentences: list[str]
) -> None:
    said = text(replace(PLAN, sampling=sampling, relation=relation, noise_multiplier=3.0))
    for sentence in (*sentences, f"Neighbouring relation: {relation.value}"):
        assert sentence in said


def test_line_17_adaptive_clipping_is_disclosed_and_costs_no_more() -> None:
    said = text(replace(PLAN, clipping=Clipping.ADAPTIVE))
    assert "counts update and bit together" in said
    assert "epsilon 2.93 by PLD" in said


def test_line_18_with_local_trust_there_is_a_number_against_the_server() -> None:
    local = replace(
        PLAN, trust=Trust.LOCAL, sampling=Sampling.NONE, relation=Relation.REPLACE_ONE, noise_multiplier=10.0
    )
    said = text(local)
    # mu = 2 sqrt(5) / 10 at delta 1e-6
    assert (
        "Adversary, the server: epsilon 2.00 at delta 1e-06, replace-one, for a device that takes part 5 times" in said
    )
    assert "the noise is the device's own" in said
    assert "server's word" not in said
    assert "infinite" not in said


def test_line_19_the_separation_is_disclosed() -> None:
    said = text(replace(PLAN, mechanism=Mechanism.MATRIX_FACTORISATION, sampling=Sampling.NONE, bands=100))
    assert "take part again after 100 rounds at the earliest" in said


def test_line_9_the_bits_of_adaptive_clipping_draw_on_the_budget_of_the_updates() -> None:
    """Whoever releases bits beside updates spends no more: the noise of the updates pays for them."""
    adaptive = replace(PLAN, clipping=Clipping.ADAPTIVE)
    split = AdaptiveClipping.of(adaptive)
    assert population_spent(adaptive, rounds=500).pld.epsilon == population_spent(PLAN, rounds=500).pld.epsilon
    assert split.update_noise_multiplier > PLAN.noise_multiplier
    assert "clipping bits" in population_spent(adaptive, rounds=500).pld.mechanism


def test_line_9_what_draws_on_no_budget_is_declared() -> None:
    said = text(PLAN)
    assert "choosing settings by looking at earlier runs on private data costs privacy too; it is not counted" in said
    assert "without noise, outside the guarantee: a run folder is not a release" in said


def test_line_16_distributed_trust_says_whom_it_counts_on_and_what_the_server_is_still_trusted_with() -> None:
    shares = replace(
        PLAN, trust=Trust.DISTRIBUTED, mechanism=Mechanism.SKELLAM, minimum_cohort=2, honest=2, noise_multiplier=2.0
    )
    said = text(shares)
    assert f"holds if at least 2 of {shares.cohort} devices are honest and stay" in said
    assert "no PLD: the noise is Skellam's" in said
    assert "the server adds the shares of who is missing" in said
    assert "Adversary, the server: epsilon infinite" not in said
    assert "Gaussian trade-off" not in said
