import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_model.books.entries import Assumed, Debit, Opened, Restored
from shared_model.books.spending import composed_mu, require_allowed, spent, spent_in
from shared_model.errors import Refused
from shared_model.privacy.gaussian import device_epsilon
from shared_model.privacy.skellam import skellam_epsilon
from shared_model.privacy.spent import Adversary, Relation, Trust, Unit


def opened(*, cap=None, delta=1e-5, most=1000):
    return Opened(device_cap=cap, delta=delta, max_participations=most)


def debit(number, z=1.25, *, run="run-1", relation=Relation.ZERO_OUT, trust=Trust.CENTRAL):
    return Debit(
        run=run, round=number, intent_sha256=None, log_index=None, noise_multiplier=z, relation=relation, trust=trust
    )


@given(st.integers(1, 200), st.floats(0.3, 20))
def test_line_7_a_device_computes_its_own_unamplified_epsilon(rounds, z):
    found = spent([opened(), *(debit(number, z) for number in range(1, rounds + 1))])
    assert found.epsilon == pytest.approx(device_epsilon(rounds, noise_multiplier=z, delta=1e-5), rel=1e-9)
    assert (found.unit, found.relation, found.adversary) == (Unit.DEVICE, Relation.ZERO_OUT, Adversary.RELEASE_READER)
    assert found.rounds == rounds


@given(st.lists(st.floats(0.1, 50), min_size=1, max_size=30))
def test_line_7_releases_at_different_noise_compose_by_their_squares(all_z):
    rounds = [debit(number, z) for number, z in enumerate(all_z, 1)]
    assert composed_mu(rounds) == pytest.approx(math.sqrt(sum(1 / z**2 for z in all_z)))
    assert composed_mu(rounds[::-1]) == composed_mu(rounds)


def test_line_7_with_central_trust_the_number_says_whose_word_the_noise_is():
    assert "the server gives its word" in str(spent([opened(), debit(1)]))
    both = spent([opened(), debit(1, trust=Trust.LOCAL), debit(2, trust=Trust.DISTRIBUTED)])
    assert "adds its share; Gaussian noise that the device adds itself" in both.mechanism
    assert "server" not in both.mechanism


def test_line_7_replace_one_doubles_mu_and_is_named():
    rounds = [debit(1), debit(2, relation=Relation.REPLACE_ONE)]
    assert composed_mu(rounds) == pytest.approx(2 * math.sqrt(2) / 1.25)
    assert spent([opened(), *rounds]).relation is Relation.REPLACE_ONE


def test_line_8_five_rounds_at_point_eight_cost_a_device_what_the_requirements_say():
    found = spent([opened(delta=1e-6), *(debit(number, 0.8) for number in range(1, 6))])
    assert found.epsilon == pytest.approx(16.6, abs=0.05)


@given(st.integers(1, 60), st.floats(0.3, 5), st.integers(1, 60))
def test_line_8_a_cap_pays_for_exactly_the_rounds_that_a_plan_says(rounds, z, more):
    """Also at the very epsilon of so many rounds, where a rounding would tell plan and ledger apart."""
    cap = device_epsilon(rounds, noise_multiplier=z, delta=1e-5)
    entries = [opened(cap=cap), *(debit(number, z) for number in range(1, rounds))]
    require_allowed(entries, debit(rounds, z))
    with pytest.raises(Refused, match="above its cap"):
        require_allowed([*entries, debit(rounds, z)], debit(rounds + more, z))


@pytest.mark.parametrize("z", [5e-324, 1e-200, 1e-60, 1e-6, 1.1e-6])
def test_line_7_hardly_any_noise_is_a_huge_or_infinite_number_and_no_crash(z):
    assert spent([opened(), debit(1, z)]).epsilon > 1e11


def test_nothing_taken_part_in_costs_nothing_and_no_noise_costs_everything():
    assert spent([opened()]).epsilon == 0
    assert spent([opened(), debit(1), debit(2, 0.0)]).epsilon == math.inf


@given(st.lists(st.integers(1, 30), max_size=40), st.floats(1, 40), st.integers(0, 12))
def test_line_8_whatever_is_asked_neither_cap_nor_number_of_rounds_is_passed(asked, cap, most):
    entries = [opened(cap=cap, most=most)]
    for number in asked:
        try:
            require_allowed(entries, debit(number))
        except Refused:
            continue
        entries.append(debit(number))
    assert len(entries) - 1 <= most
    assert spent(entries).epsilon <= cap
    rounds = [entry.round for entry in entries[1:]]
    assert rounds == sorted(set(rounds))


def test_line_1_spending_adds_up_over_runs():
    entries = [opened(most=3), debit(7), debit(1, run="run-2"), debit(2, run="run-2")]
    assert spent(entries).rounds == 3
    with pytest.raises(Refused, match="its plan allows 3"):
        require_allowed(entries, debit(1, run="run-3"))


def test_a_round_is_answered_once_and_earlier_ones_never():
    for number in (4, 3):
        with pytest.raises(Refused, match=f"round {number} after round 4"):
            require_allowed([opened(), debit(4)], debit(number))


def test_a_round_without_noise_is_beyond_every_cap():
    with pytest.raises(Refused, match="epsilon inf"):
        require_allowed([opened(cap=1e6)], debit(1, 0.0))


def test_line_32_rounds_that_were_assumed_count_as_taken_part_in():
    assumed = tuple(
        Assumed(run="run-1", round=number, noise_multiplier=1.25, relation=Relation.ZERO_OUT, trust=Trust.CENTRAL)
        for number in (5, 6)
    )
    entries = [opened(), debit(4), Restored(mirrored_rows=9, size=40, root="ab" * 32, assumed=assumed)]
    assert spent(entries).epsilon == spent([opened(), debit(1), debit(2), debit(3)]).epsilon
    with pytest.raises(Refused, match="after round 6"):
        require_allowed(entries, debit(6))


def test_a_month_has_a_cap_of_its_own_and_the_next_begins_anew():
    entries = [Opened(device_cap=30.0, delta=1e-5, max_participations=99, monthly_cap=5.0)]
    for number, month in enumerate(["2026-10"] * 3 + ["2026-11"] * 3, start=1):
        asked = replace(debit(number, 1.2), month=month)
        if number in (1, 4):
            require_allowed(entries, asked)
            entries.append(asked)
        else:
            with pytest.raises(Refused, match=f"epsilon of {month}"):
                require_allowed(entries, asked)
    assert spent_in(entries, "2026-10") == spent_in(entries, "2026-11") == pytest.approx(spent(entries[:2]).epsilon)
    assert spent(entries).epsilon > spent_in(entries, "2026-11")


def test_with_a_monthly_cap_a_round_of_no_month_is_refused():
    with pytest.raises(Refused, match="names no month"):
        require_allowed([Opened(device_cap=None, delta=1e-5, max_participations=9, monthly_cap=5.0)], debit(1, 1.2))


def test_noise_in_shares_is_counted_by_its_own_divergences_and_never_below_the_gaussian():
    shares = [replace(debit(number, 2.5), trust=Trust.DISTRIBUTED) for number in (1, 2)]
    counted = spent([opened(), *shares])
    gaussian = spent([opened(), debit(1, 2.5), debit(2, 2.5)])
    expected = skellam_epsilon({2.5: 2}, relation=Relation.ZERO_OUT, delta=opened().delta)
    assert counted.epsilon == expected > gaussian.epsilon
    assert counted.accountant == "RDP of Skellam noise"
    assert spent([opened(), shares[0], debit(2, 2.5)]).epsilon == expected  # all of them, where one is of shares
    with pytest.raises(Refused, match="above its cap"):
        require_allowed([opened(cap=(expected + gaussian.epsilon) / 2), shares[0]], shares[1])
