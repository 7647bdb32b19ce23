import os
from dataclasses import replace

import pytest

from server.round_log import log as module
from shared_model.books.checkpoint import open_checkpoint
from shared_model.books.merkle import EMPTY_ROOT, extends, includes
from shared_model.books.notes import Verifier
from shared_model.books.round_log import (
    CHECKPOINT,
    LEAVES,
    PUBLIC_KEY,
    Intent,
    LoggedEpsilon,
    Outcome,
    Result,
    encode_leaf,
)
from shared_model.errors import BadInput, Refused
from shared_model.privacy.spent import Adversary, Relation, Sampling, Trust, Unit


class PowerCut(BaseException):
    """As kill -9: nothing in the code catches it."""


def rounds(count):
    epsilon = LoggedEpsilon(
        epsilon=0.0,
        unit=Unit.DEVICE,
        relation=Relation.ADD_OR_REMOVE_ONE,
        adversary=Adversary.RELEASE_READER,
        trust=Trust.CENTRAL,
        accountant="PLD",
    )
    leaves = []
    for number in range(1, count + 1):
        leaves.append(
            Intent(
                run="run-1",
                round=number,
                model_sha256=f"{number - 1:064x}",
                code_sha256="00" * 32,
                mechanism="gaussian",
                noise_multiplier=1.0,
                clip_norm=1.0,
                planned_cohort=20,
                minimum_cohort=0,
                sample_rate=0.1,
                sampling=Sampling.POISSON,
                releases=1_000_000,
                delta=1e-5,
                epsilon_before=replace(epsilon, epsilon=number - 1.0),
                epsilon_after=replace(epsilon, epsilon=float(number)),
                weights="uniform",
                secagg=None,
                registry_root=None,
                learning_sha256=None,
            )
        )
        leaves.append(Outcome(run="run-1", round=number, model_sha256=f"{number:064x}", result=Result.RELEASED))
    return leaves


LEAVES_OF_THREE = rounds(3)


def checkpoint_of(log):
    return open_checkpoint(log.checkpoint(), log.verifier)


def test_an_empty_log_is_signed(open_log):
    assert checkpoint_of(open_log()).root == EMPTY_ROOT


def test_every_leaf_is_on_disk_below_a_signed_checkpoint_when_append_returns(open_log, tmp_path):
    log = open_log()
    for index, leaf in enumerate(LEAVES_OF_THREE):
        assert log.append(leaf) == index
        lines = (tmp_path / "log" / LEAVES).read_bytes().splitlines()
        assert lines == [encode_leaf(each) for each in LEAVES_OF_THREE[: index + 1]]
        assert checkpoint_of(log).size == len(log) == index + 1


def test_its_proofs_convince_a_device(open_log):
    log, seen = open_log(), []
    for leaf in LEAVES_OF_THREE:
        log.append(leaf)
        seen.append(checkpoint_of(log))
    last = seen[-1]
    for index, leaf in enumerate(LEAVES_OF_THREE):
        proof = log.inclusion_proof(index, last.size)
        assert includes(encode_leaf(leaf), proof, index=index, size=last.size, root=last.root)
        old = seen[index]
        proof = log.consistency_proof(old.size, last.size)
        assert extends(proof, old_size=old.size, old_root=old.root, size=last.size, root=last.root)


def test_its_public_key_lies_beside_it(open_log, tmp_path):
    log = open_log()
    assert Verifier.from_vkey((tmp_path / "log" / PUBLIC_KEY).read_text()) == log.verifier


def test_an_identical_leaf_is_not_appended_twice_also_after_a_restart(open_log):
    for leaf in LEAVES_OF_THREE[:4]:
        open_log().append(leaf)
    log = open_log()
    assert [log.append(leaf) for leaf in LEAVES_OF_THREE] == list(range(6))
    assert len(log) == 6


@pytest.mark.parametrize("place", [0, 1])
def test_a_different_leaf_in_the_place_of_a_logged_one_is_refused(place, open_log):
    for leaf in LEAVES_OF_THREE[:2]:
        open_log().append(leaf)
    with pytest.raises(Refused, match="of round 1 was logged already, and differs"):
        open_log().append(replace(LEAVES_OF_THREE[place], model_sha256="ff" * 32))
    assert len(open_log()) == 2


def test_what_breaks_the_law_is_refused_and_not_written(open_log):
    with pytest.raises(Refused, match="begins with round 2"):
        open_log().append(LEAVES_OF_THREE[2])
    assert len(open_log()) == 0


def test_without_the_private_key_only_what_is_there_is_found(open_log):
    for leaf in LEAVES_OF_THREE[:2]:
        open_log().append(leaf)
    finished = open_log(signed=False)
    assert finished.append(LEAVES_OF_THREE[1]) == 1
    with pytest.raises(Refused, match="thrown away"):
        finished.append(LEAVES_OF_THREE[2])


def cut(*_, **__):
    raise PowerCut


@pytest.mark.parametrize("step", ["within the leaf", "before its sync", "before the checkpoint"])
def test_killed_between_any_two_writes_the_log_goes_on_to_the_same_root(step, open_log, tmp_path, monkeypatch):
    log = open_log()
    log.append(LEAVES_OF_THREE[0])
    with monkeypatch.context() as patch:
        if step == "within the leaf":
            with (tmp_path / "log" / LEAVES).open("ab") as file:
                file.write(encode_leaf(LEAVES_OF_THREE[1])[:50])
        else:
            patch.setattr(*((module, "write_atomically", cut) if "checkpoint" in step else (os, "fsync", cut)))
            with pytest.raises(PowerCut):
                log.append(LEAVES_OF_THREE[1])
    again = open_log()
    assert checkpoint_of(again).size == len(again) == (1 if step == "within the leaf" else 2)
    for leaf in LEAVES_OF_THREE:
        again.append(leaf)
    assert list((tmp_path / "log" / LEAVES).read_bytes().splitlines()) == [
        encode_leaf(leaf) for leaf in LEAVES_OF_THREE
    ]


def test_a_leaf_that_was_signed_and_is_gone_stops_the_log(open_log, tmp_path):
    for leaf in LEAVES_OF_THREE:
        open_log().append(leaf)
    file = tmp_path / "log" / LEAVES
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(BadInput, match="5 leaves, and they are not the 6 that were signed"):
        open_log()


def test_a_leaf_that_was_changed_stops_the_log(open_log, tmp_path):
    for leaf in LEAVES_OF_THREE:
        open_log().append(leaf)
    file = tmp_path / "log" / LEAVES
    file.write_bytes(file.read_bytes().replace(b'"code_sha256":"00', b'"code_sha256":"01'))
    with pytest.raises(BadInput, match="not the 6 that were signed"):
        open_log()


def test_a_checkpoint_by_another_key_stops_the_log(open_log, tmp_path):
    open_log()
    file = tmp_path / "log" / CHECKPOINT
    file.write_bytes(file.read_bytes().replace(b"example.org", b"example.com"))
    with pytest.raises(BadInput, match="not signed by the given key"):
        open_log()
