"""What a coordinator that was killed finds, at each point of a round."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from server import checkpoint
from server.deployment.books import Books, open_books
from server.round import RoundRecord, RoundState
from shared_model.auditing.verify import verify_round_log
from shared_model.books.checkpoint import open_checkpoint
from shared_model.books.gate import LogProof
from shared_model.books.merkle import extends, includes
from shared_model.books.round_log import Intent, Outcome, Result, decode_leaf
from shared_model.errors import BadInput
from tests.server.deployment.federation import Federation, plan


@pytest.fixture
def federation(tmp_path: Path) -> Federation:
    return Federation.begin(tmp_path / "s", plan(rounds=9), start=False)


def opened(federation: Federation) -> Books:
    return open_books(federation.training, federation.deployment)


def released(state: RoundState) -> RoundState:
    number = state.round + 1
    record = RoundRecord(
        round=number, invited=3, answered=3, declined=0, update_norm=1.0, noise_norm=1.0, bytes_down=1, bytes_up=1
    )
    return replace(state, round=number, vector=state.vector + 0.5, records=(*state.records, record))


def said(federation: Federation) -> list[str]:
    return [
        f"{leaf.round} {'intent' if isinstance(leaf, Intent) else leaf.result.value}" for leaf in federation.leaves()
    ]


def test_a_run_begins_with_the_release_and_goes_on_where_it_was(federation: Federation) -> None:
    books = opened(federation)
    state = books.recovered()
    assert (state.round, len(state.vector)) == (0, len(books.start))
    books.announce(state)
    state = released(state)
    books.concluded(state)
    again = opened(federation).recovered()
    assert again.round == 1
    assert torch.equal(again.vector, state.vector)
    assert said(federation) == ["1 intent", "1 at least the minimum"]


def test_killed_before_its_checkpoint_a_round_is_aborted_and_the_next_has_a_new_number(federation: Federation) -> None:
    books = opened(federation)
    before = books.recovered()
    books.announce(before)
    again = opened(federation)
    state = again.recovered()
    assert state.round == 1
    assert state.records[-1].update_norm is None
    assert torch.equal(state.vector, before.vector)
    again.announce(state)
    assert said(federation) == ["1 intent", "1 aborted", "2 intent"]


def test_killed_between_checkpoint_and_outcome_the_round_counts(federation: Federation) -> None:
    books = opened(federation)
    state = books.recovered()
    books.announce(state)
    state = released(state)
    checkpoint.save(state, federation.training / "rounds")
    again = opened(federation).recovered()
    assert torch.equal(again.vector, state.vector)
    assert said(federation) == ["1 intent", "1 at least the minimum"]


def test_killed_while_aborting_it_is_aborted_once(federation: Federation) -> None:
    books = opened(federation)
    books.announce(books.recovered())
    opened(federation).recovered()
    (federation.training / "rounds" / "round-00001.safetensors").unlink()  # as if killed before it was written
    with pytest.raises(BadInput, match=r"no checkpoint of round 1"):
        opened(federation).recovered()


def test_lost_checkpoints_are_a_sentence(federation: Federation) -> None:
    books = opened(federation)
    state = books.recovered()
    for _ in range(2):
        books.announce(state)
        state = released(state)
        books.concluded(state)
    for file in sorted((federation.training / "rounds").iterdir())[1:]:
        file.unlink()
    with pytest.raises(BadInput, match="restore"):
        opened(federation).recovered()


def test_a_log_of_kills_and_rounds_verifies(federation: Federation) -> None:
    for number in range(4):
        books = opened(federation)
        state = books.recovered()
        books.announce(state)
        if number % 2:
            books.concluded(released(state))
    opened(federation).recovered()
    found = verify_round_log(federation.root / "log", key=federation.deployment.signer().verifier)
    assert found.ok, found.findings
    results = [leaf.result for leaf in federation.leaves() if isinstance(leaf, Outcome)]
    assert results == [Result.ABORTED, Result.RELEASED] * 2


def test_an_invitation_proves_its_round(federation: Federation) -> None:
    books = opened(federation)
    state = books.recovered()
    books.announce(state)
    verifier = federation.deployment.signer().verifier
    first = open_checkpoint(books.invitation(deadline_s=9).checkpoint, verifier)
    state = released(state)
    books.concluded(state)
    books.announce(state)
    told = replace(books.invitation(deadline_s=9), consistency=books.consistency([1, 0, 99]))
    proof: LogProof = told.proof(seen=first.size)
    latest = open_checkpoint(proof.checkpoint, verifier)
    leaf = decode_leaf(proof.leaf, what="leaf")
    assert isinstance(leaf, Intent)
    assert leaf.round == 2
    assert set(told.consistency) == {1}
    size, root = latest.size, latest.root
    assert includes(proof.leaf, proof.inclusion, index=proof.index, size=size, root=root)
    assert extends(proof.consistency, old_size=first.size, old_root=first.root, size=size, root=root)


def test_another_release_than_the_plans_is_refused(federation: Federation) -> None:
    deployment = federation.deployment
    other = replace(deployment, learning=replace(deployment.learning, release="0" * 64))
    with pytest.raises(BadInput, match="not the release that was planned"):
        open_books(federation.training, other)
