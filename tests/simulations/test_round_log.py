"""A run folder's round log, through kills and resumes."""

import json
import stat
from dataclasses import replace

import pytest

from server import checkpoint
from server.round import RoundState
from server.round_log.run import LoggedRun
from shared_model.auditing.verify import last_outcomes, verify_round_log
from shared_model.books.notes import Verifier
from shared_model.errors import Refused
from shared_model.release import model_hash
from simulations.engines.federation import train
from simulations.engines.in_process import run_in_process
from simulations.round_log import open_log
from simulations.run_folder import RunFolder
from simulations.run_key import PRIVATE_KEY, seal

ROUNDS = 5


class Killed(BaseException):
    """As a signal would: nothing in the code catches it."""


@pytest.fixture
def federation(tiny_federation):
    return replace(tiny_federation, plan=replace(tiny_federation.plan, rounds=ROUNDS, max_participations=4))


@pytest.fixture
def folder(tmp_path):
    return begun(tmp_path / "run")


def begun(root):
    folder = RunFolder(root)
    folder.begin({"scenario": {"title": "invented"}, "engine": "in-process", "data": None})
    return folder


def run(federation, folder):
    return train(
        federation,
        engine=run_in_process,
        folder=folder.rounds("federated_private"),
        every=2,
        evaluated=lambda _: None,
        progress=lambda _: None,
        log=open_log(folder, federation),
    )


def leaves_of(folder):
    return (folder.log / "leaves.jsonl").read_bytes().splitlines()


def key_of(folder):
    return Verifier.from_vkey((folder.log / "key.pub").read_text())


def test_a_run_leaves_a_log_that_verifies_and_ends_with_its_model(federation, folder):
    state = run(federation, folder)
    seal(folder)
    verified = verify_round_log(folder.log, key=key_of(folder))
    assert verified.verdict == "signed by the given key"
    assert len(leaves_of(folder)) == 2 * ROUNDS
    (last,) = last_outcomes(folder.log).values()
    assert last.model_sha256 == model_hash(federation.model.layout.tensors(state.vector))


def test_the_private_key_is_the_owners_alone_and_gone_when_the_folder_is_sealed(federation, folder):
    open_log(folder, federation)
    assert stat.S_IMODE((folder.log / PRIVATE_KEY).stat().st_mode) == 0o600
    run(federation, folder)
    seal(folder)
    assert sorted(file.name for file in folder.log.iterdir()) == ["checkpoint", "key.pub", "leaves.jsonl"]
    seal(folder)
    run(federation, folder)  # a finished run that is resumed signs nothing


MOMENTS = {
    "before an intent": (LoggedRun, "announce", False),
    "after an intent": (LoggedRun, "announce", True),
    "before an outcome": (LoggedRun, "conclude", False),
    "after an outcome": (LoggedRun, "conclude", True),
    "after a checkpoint": (checkpoint, "save", True),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("call", [1, 3, ROUNDS])
def test_a_run_killed_at_any_moment_ends_in_the_same_leaves_under_the_same_key(
    moment, call, federation, folder, tmp_path, monkeypatch
):
    whole = begun(tmp_path / "whole")
    expected = run(federation, whole)
    owner, name, after = MOMENTS[moment]
    really, calls = getattr(owner, name), []

    def killing(*arguments):
        calls.append(arguments)
        if len(calls) == call and not after:
            raise Killed
        really(*arguments)
        if len(calls) == call:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killing)
        with pytest.raises(Killed):
            run(federation, folder)
    key = key_of(folder)
    state = run(federation, folder)
    assert leaves_of(folder) == leaves_of(whole)
    assert key_of(folder) == key
    assert state.vector.tolist() == expected.vector.tolist()
    assert verify_round_log(folder.log, key=key).ok


def test_a_round_that_comes_out_otherwise_after_a_kill_is_refused(federation, folder, monkeypatch):
    really = checkpoint.save

    def killing(state, where):
        if state.round == 1:
            raise Killed
        really(state, where)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", killing)
        with pytest.raises(Killed):
            run(federation, folder)
    other = replace(federation, step=replace(federation.step, learning_rate=0.5))
    with pytest.raises(Refused, match="outcome of round 1 was logged already, and differs"):
        run(other, folder)


def test_a_round_announced_with_other_code_is_refused(federation, folder, monkeypatch):
    log = open_log(folder, federation)
    monkeypatch.setattr("server.round_log.run.code_sha256", lambda: "00" * 32)
    start = RoundState.start(federation.model.vector())
    log.announce(start)
    monkeypatch.undo()
    with pytest.raises(Refused, match="Go on with the code"):
        open_log(folder, federation).announce(start)


def test_the_same_settings_give_the_same_leaves_and_others_another_name(federation, folder, tmp_path):
    run(federation, folder)
    again = begun(tmp_path / "again")
    run(federation, again)
    assert leaves_of(again) == leaves_of(folder)
    assert key_of(again) != key_of(folder)
    other = RunFolder(tmp_path / "other")
    other.begin({"scenario": {"title": "another"}, "engine": "in-process", "data": None})
    run(federation, other)
    assert json.loads(leaves_of(other)[0])["run"] != json.loads(leaves_of(folder)[0])["run"]
