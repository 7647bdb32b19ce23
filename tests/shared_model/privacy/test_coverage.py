import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_model.errors import Refused
from shared_model.privacy import coverage
from shared_model.privacy.coverage import (
    NO_GAUSSIAN,
    NO_PLD,
    NO_RDP,
    SUPPORTED,
    SUPPORTED_SHARES,
    account,
    require_accountant,
)
from shared_model.privacy.gaussian import gaussian_epsilon
from shared_model.privacy.loss_distribution import pld_epsilon
from shared_model.privacy.renyi import rdp_epsilon_of_fixed_cohorts
from shared_model.privacy.spent import Relation, Sampling, Trust

EVERY = [(sampling, relation) for sampling in Sampling for relation in Relation]
GIVEN: dict[str, Any] = {"sample_rate": 0.02, "noise_multiplier": 2.0, "rounds": 50, "delta": 1e-5}


@pytest.mark.parametrize(("sampling", "relation"), EVERY)
def test_line_4_every_combination_has_a_number_and_reasons_or_is_refused_with_one(
    sampling: Sampling, relation: Relation
) -> None:
    if (sampling, relation) not in SUPPORTED_SHARES:
        with pytest.raises(Refused, match=r"no accountant covers .*; use |with distributed trust use"):
            account(sampling=sampling, relation=relation, trust=Trust.DISTRIBUTED, **GIVEN)
    if (sampling, relation) not in SUPPORTED:
        with pytest.raises(Refused, match=r"no accountant covers .*; use "):
            account(sampling=sampling, relation=relation, **GIVEN)
        return
    found = account(sampling=sampling, relation=relation, **GIVEN)
    assert math.isfinite(found.epsilon)
    assert found.epsilon == (found.rdp if found.pld is None else found.pld)
    assert (found.pld is None) == (found.pld_reason is not None)
    assert (found.rdp is None) == (found.rdp_reason is not None)
    if found.pld is not None and found.rdp is not None:
        assert found.pld < found.rdp


def test_line_4_what_is_missing_is_null_with_its_reason() -> None:
    replaced = account(sampling=Sampling.POISSON, relation=Relation.REPLACE_ONE, **GIVEN)
    assert (replaced.rdp, replaced.rdp_reason) == (None, NO_RDP)
    assert replaced.pld == pld_epsilon(relation=Relation.REPLACE_ONE, **GIVEN)
    fixed = account(sampling=Sampling.FIXED_SIZE, relation=Relation.REPLACE_ONE, **GIVEN)
    assert (fixed.pld, fixed.pld_reason) == (None, NO_PLD)
    assert fixed.rdp == rdp_epsilon_of_fixed_cohorts(**GIVEN)


@pytest.mark.parametrize(("sampling", "relation"), sorted(SUPPORTED_SHARES, key=str))
def test_line_16_the_gaussians_pld_is_never_given_for_integer_noise(sampling: Sampling, relation: Relation) -> None:
    found = account(sampling=sampling, relation=relation, trust=Trust.DISTRIBUTED, **GIVEN)
    assert (found.pld, found.pld_reason) == (None, NO_GAUSSIAN)
    # Skellam noise costs a little more than Gaussian, and by RDP both are dearer than by PLD
    assert found.epsilon > account(sampling=sampling, relation=relation, **GIVEN).epsilon


@pytest.mark.parametrize("sampling", [Sampling.NONE, Sampling.FULL_PARTICIPATION])
@pytest.mark.parametrize("relation", list(Relation))
def test_line_7_without_sampling_it_is_the_closed_form(sampling: Sampling, relation: Relation) -> None:
    mu = (2 if relation is Relation.REPLACE_ONE else 1) * math.sqrt(50) / 2.0
    found = account(sampling=sampling, relation=relation, **GIVEN)
    assert found.pld == pytest.approx(gaussian_epsilon(1e-5, mu=mu), rel=1e-12)
    assert found.pld_by == "exact Gaussian composition"


def test_line_2_fixed_cohorts_are_never_counted_as_add_or_remove_one() -> None:
    with pytest.raises(Refused, match="one device more"):
        require_accountant(Sampling.FIXED_SIZE, Relation.ADD_OR_REMOVE_ONE)


@settings(max_examples=12, deadline=None)
@given(
    kind=st.sampled_from(
        sorted([(Trust.CENTRAL, *kind) for kind in SUPPORTED], key=str)
        + sorted([(Trust.DISTRIBUTED, *kind) for kind in SUPPORTED_SHARES], key=str)
    ),
    sample_rate=st.floats(0.001, 0.01),
    noise_multiplier=st.floats(1.0, 6.0),
    rounds=st.integers(1, 500),
    delta=st.floats(1e-8, 1e-3),
    change=st.floats(1.0001, 3.0),
)
def test_line_5_worse_is_never_cheaper_for_any_sampling_and_relation(
    kind: tuple[Trust, Sampling, Relation],
    sample_rate: float,
    noise_multiplier: float,
    rounds: int,
    delta: float,
    change: float,
) -> None:
    before = {"sample_rate": sample_rate, "noise_multiplier": noise_multiplier, "rounds": rounds, "delta": delta}
    trust, sampling, relation = kind
    cost = account(trust=trust, sampling=sampling, relation=relation, **before).epsilon
    for name, worse in {
        "sample_rate": sample_rate * change,
        "noise_multiplier": noise_multiplier / change,
        "rounds": math.ceil(rounds * change),
        "delta": delta / change,
    }.items():
        dearer = account(trust=trust, sampling=sampling, relation=relation, **{**before, name: worse}).epsilon
        assert dearer >= cost * (1 - 1e-6)


def test_line_4_the_table_of_the_docstring_is_the_table_of_the_code() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (coverage.__doc__ or "").splitlines()
        if line.startswith("|") and "---" not in line
    ][1:]
    told = {}
    for trusts, sampling, relation, pld, rdp in rows:
        for trust in trusts.split(", "):
            for each in Relation if relation == "any" else [Relation(relation)]:
                told[Trust(trust), Sampling(sampling), each] = (pld != "no", rdp != "no")
    covered = {Trust.CENTRAL: SUPPORTED, Trust.LOCAL: SUPPORTED, Trust.DISTRIBUTED: SUPPORTED_SHARES}
    assert set(told) == {(trust, *kind) for trust, kinds in covered.items() for kind in kinds}
    for (trust, sampling, relation), (pld, rdp) in told.items():
        found = account(trust=trust, sampling=sampling, relation=relation, **GIVEN)
        assert (found.pld is not None, found.rdp is not None) == (pld, rdp)


def test_a_number_is_frozen() -> None:
    found = account(sampling=Sampling.NONE, relation=Relation.ZERO_OUT, **GIVEN)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.pld = 0.0  # type: ignore[misc]
