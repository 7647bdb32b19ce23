from dataclasses import replace

import pytest

from server.round import RoundRecord, RoundState
from server.round_log.code import code_sha256
from server.round_log.run import LoggedRun, logged_epsilon
from shared_model.auditing.verify import last_outcomes, verify_round_log
from shared_model.books.round_log import Intent, Result, decode_leaf
from shared_model.errors import Refused
from shared_model.privacy.spending import population_spent
from shared_model.release import model_hash
from simulations.engines.in_process import run_in_process


def leaves_in(folder):
    return [decode_leaf(line, what="leaf") for line in (folder / "leaves.jsonl").read_bytes().splitlines()]


@pytest.fixture
def logged(tiny_federation, open_log):
    return LoggedRun(log=open_log(), run="run-1", plan=tiny_federation.plan, layout=tiny_federation.model.layout)


def test_a_run_is_logged_round_by_round_with_what_its_plan_says(tiny_federation, logged, tmp_path):
    state = RoundState.start(tiny_federation.model.vector())
    states = [state]
    logged.announce(state)
    for state in run_in_process(states[0], tiny_federation):
        logged.conclude(state)
        states.append(state)
        if state.round < tiny_federation.plan.rounds:
            logged.announce(state)
    leaves = leaves_in(tmp_path / "log")
    plan, layout = tiny_federation.plan, tiny_federation.model.layout
    assert len(leaves) == 2 * plan.rounds
    for leaf in leaves:
        after = 0 if isinstance(leaf, Intent) else 1
        assert leaf.model_sha256 == model_hash(layout.tensors(states[leaf.round - 1 + after].vector))
    intents = [leaf for leaf in leaves if isinstance(leaf, Intent)]
    for intent in intents:
        assert (intent.clip_norm, intent.noise_multiplier) == (plan.clip_norm, plan.noise_multiplier)
        assert (intent.planned_cohort, intent.sample_rate, intent.delta) == (plan.cohort, 0.5, plan.delta)
        assert intent.code_sha256 == code_sha256()
        assert intent.epsilon_after.epsilon == population_spent(plan, rounds=intent.round).pld.epsilon
        assert intent.epsilon_after.trust is plan.trust
    assert intents[0].epsilon_before.epsilon == 0
    found = verify_round_log(tmp_path / "log", key=logged.log.verifier)
    assert found.verdict == "signed by the given key"
    assert last_outcomes(tmp_path / "log")["run-1"] == leaves[-1]


def test_an_aborted_round_is_logged_as_such_without_a_count(tiny_federation, logged, tmp_path):
    start = RoundState.start(tiny_federation.model.vector())
    logged.announce(start)
    record = RoundRecord(
        round=1, invited=6, answered=1, declined=5, update_norm=None, noise_norm=None, bytes_down=1, bytes_up=1
    )
    logged.conclude(RoundState(round=1, vector=start.vector, velocity=start.velocity, records=(record,)))
    outcome = leaves_in(tmp_path / "log")[-1]
    assert outcome.result is Result.ABORTED
    assert outcome.model_sha256 == leaves_in(tmp_path / "log")[0].model_sha256


def test_the_clip_norm_that_holds_in_the_round_is_announced(logged, tiny_federation, tmp_path):
    start = RoundState.start(tiny_federation.model.vector())
    logged.announce(replace(start, clip_norm=0.125))
    assert leaves_in(tmp_path / "log")[0].clip_norm == 0.125


def test_line_6_a_round_that_no_accountant_counts_is_not_announced(logged, tiny_federation, monkeypatch):
    def nobody(*_, **__):
        raise Refused("accounting: no accountant")

    logged_epsilon.cache_clear()
    monkeypatch.setattr("server.round_log.run.population_spent", nobody)
    with pytest.raises(Refused, match="no accountant"):
        logged.announce(RoundState.start(tiny_federation.model.vector()))
    assert len(logged.log) == 0


def test_line_6_an_epsilon_that_is_not_known_is_not_announced(logged, tiny_federation, monkeypatch):
    known = population_spent(tiny_federation.plan, rounds=1)
    nobody_knows = replace(known.pld, epsilon=None, reason="no accountant for it")
    unknown = replace(known, pld=nobody_knows, rdp=nobody_knows)
    logged_epsilon.cache_clear()
    monkeypatch.setattr("server.round_log.run.population_spent", lambda *_, **__: unknown)
    with pytest.raises(Refused, match="no accountant for it"):
        logged.announce(RoundState.start(tiny_federation.model.vector()))
    logged_epsilon.cache_clear()


def test_the_code_has_one_hash():
    assert code_sha256() == code_sha256()
    assert len(bytes.fromhex(code_sha256())) == 32
