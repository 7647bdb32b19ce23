from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.distribution.log_view import LogView
from server.round_log.log import RoundLog
from shared_model.books.merkle import extends, includes
from shared_model.books.notes import Signer
from shared_model.errors import BadInput
from tests.shared_model.books.conftest import invented_rounds


@pytest.fixture
def signer() -> Signer:
    return Signer(name="forelle/rounds", private_key=Ed25519PrivateKey.generate())


@pytest.fixture
def log(tmp_path, signer) -> RoundLog:
    return RoundLog(tmp_path, verifier=signer.verifier, signer=signer)


def test_it_sees_what_is_appended_while_it_looks(tmp_path, signer, log):
    view = LogView(tmp_path, signer.verifier)
    assert view.checkpoint().size == 0
    before = view.checkpoint()
    for number, leaf in enumerate(invented_rounds(4), 1):
        log.append(leaf)
        after = view.checkpoint()
        assert after.size == number
        proof = view.consistency(before.size, after.size)
        assert extends(proof, old_size=before.size, old_root=before.root, size=after.size, root=after.root)
        before = after


def test_it_proves_the_intent_of_a_round(tmp_path, signer, log):
    for leaf in invented_rounds(3):
        log.append(leaf)
    view = LogView(tmp_path, signer.verifier)
    checkpoint = view.checkpoint()
    found = view.announced("run-1", 2, size=checkpoint.size)
    assert found is not None
    assert found.index == 2
    assert includes(found.leaf, found.inclusion, index=2, size=checkpoint.size, root=checkpoint.root)
    assert view.announced("run-1", 9, size=checkpoint.size) is None
    assert view.announced("run-1", 2, size=2) is None


def test_a_leaf_that_is_not_signed_yet_is_not_there(tmp_path, signer, log):
    leaves = invented_rounds(1)
    log.append(leaves[0])
    note = log.checkpoint()
    log.append(leaves[1])
    (tmp_path / "checkpoint").write_bytes(note)
    assert LogView(tmp_path, signer.verifier).checkpoint().size == 1


def test_leaves_that_are_not_those_that_were_signed_are_not_given_out(tmp_path, signer, log):
    for leaf in invented_rounds(2):
        log.append(leaf)
    view = LogView(tmp_path, signer.verifier)
    leaves = (tmp_path / "leaves.jsonl").read_bytes()
    (tmp_path / "leaves.jsonl").write_bytes(leaves.replace(b'"round":2', b'"round":3'))
    with pytest.raises(BadInput, match="not those that were signed"):
        view.checkpoint()
    (tmp_path / "leaves.jsonl").write_bytes(leaves[: len(leaves) // 2])
    with pytest.raises(BadInput, match="not those that were signed"):
        LogView(tmp_path, signer.verifier).checkpoint()


def test_a_log_of_another_key_is_refused(tmp_path, signer, log):
    other = replace(signer, private_key=Ed25519PrivateKey.generate())
    with pytest.raises(BadInput, match="not signed by the given key"):
        LogView(tmp_path, other.verifier).checkpoint()
