"""No proof, no training."""

import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared_model.books.checkpoint import Checkpoint
from shared_model.books.entries import CheckpointSeen, Joined, Opened
from shared_model.books.gate import LogProof, OwnLimits, require_logged
from shared_model.books.merkle import Tree, leaf_hash
from shared_model.books.notes import Signer
from shared_model.books.round_log import encode_leaf
from shared_model.errors import Refused
from shared_model.privacy.spent import Relation, Trust

LIMITS = OwnLimits(
    largest_clip_norm=1.0,
    smallest_noise_multiplier=1.0,
    smallest_cohort=20,
    smallest_minimum_cohort=5,
    trust=Trust.CENTRAL,
)


def entries(signer, *, cap=None, most=10, seen=None):
    key = hashlib.sha256(signer.verifier.public_key).hexdigest()
    begun = [Opened(device_cap=cap, delta=1e-5, max_participations=most), Joined(log_key_sha256=key)]
    return begun if seen is None else [*begun, seen]


def tree_of(leaves):
    return Tree(leaf_hash(encode_leaf(leaf)) for leaf in leaves)


def proof_of(leaves, index, signer, *, seen=0, size=None):
    tree, size = tree_of(leaves), len(leaves) if size is None else size
    return LogProof(
        leaf=encode_leaf(leaves[index]),
        index=index,
        checkpoint=Checkpoint(origin=signer.name, size=size, root=tree.root(size)).signed(signer),
        inclusion=tree.inclusion_proof(index, size),
        consistency=tree.consistency_proof(seen, size),
    )


def test_a_proved_round_gives_the_rows_to_write_the_debit_first(logged_rounds, signer):
    leaves = logged_rounds(3)[:-1]
    seen = CheckpointSeen(size=3, root=tree_of(leaves).root(3).hex())
    found = require_logged(
        proof_of(leaves, 4, signer, seen=3),
        pinned=signer.verifier,
        entries=entries(signer, seen=seen),
        limits=LIMITS,
    )
    assert found.intent == leaves[4]
    assert (found.debit.run, found.debit.round, found.debit.log_index) == ("run-1", 3, 4)
    assert found.debit.intent_sha256 == leaf_hash(encode_leaf(leaves[4])).hex()
    assert found.debit.noise_multiplier == 1.25
    assert found.debit.relation is Relation.ZERO_OUT
    assert found.seen == CheckpointSeen(size=5, root=tree_of(leaves).root().hex())


def refused(proof, signer, says, **kwargs):
    arguments = {"pinned": signer.verifier, "entries": entries(signer), "limits": LIMITS} | kwargs
    with pytest.raises(Refused, match=says):
        require_logged(proof, **arguments)


def test_a_signature_by_another_key_is_no_proof(logged_rounds, signer):
    other = Signer(name=signer.name, private_key=Ed25519PrivateKey.generate())
    refused(proof_of(logged_rounds(1), 0, other), signer, "not signed by the given key")
    refused(proof_of(logged_rounds(1), 0, other), other, "another log key", entries=entries(signer))


def test_an_intent_that_is_not_in_the_log_is_no_proof(logged_rounds, signer):
    leaves = logged_rounds(2)[:-1]
    proof = proof_of(leaves, 2, signer)
    milder = encode_leaf(replace(leaves[2], noise_multiplier=9.0))
    for broken in (
        replace(proof, leaf=milder),
        replace(proof, index=1),
        replace(proof, inclusion=()),
        replace(proof, leaf=encode_leaf(leaves[0])),
    ):
        refused(broken, signer, "no proof")
    refused(replace(proof, leaf=b"{}"), signer, "neither an intent")
    refused(replace(proof, checkpoint=b""), signer, "not a signed note")


def test_an_outcome_is_no_invitation(logged_rounds, signer):
    refused(proof_of(logged_rounds(1), 1, signer), signer, "no intent")


def test_a_log_that_was_rewritten_is_noticed(logged_rounds, signer):
    honest, rewritten = logged_rounds(3), logged_rounds(3, clip_norm=0.4)
    seen = CheckpointSeen(size=3, root=tree_of(honest).root(3).hex())
    refused(proof_of(rewritten, 4, signer, seen=3), signer, "rewritten", entries=entries(signer, seen=seen))


def test_a_log_that_was_cut_short_is_noticed(logged_rounds, signer):
    leaves = logged_rounds(3)
    seen = CheckpointSeen(size=6, root=tree_of(leaves).root().hex())
    refused(proof_of(leaves[:5], 4, signer), signer, "rewritten", entries=entries(signer, seen=seen))


def test_a_round_announced_before_the_last_checkpoint_seen_is_never_answered(logged_rounds, signer):
    leaves = logged_rounds(3)
    seen = CheckpointSeen(size=5, root=tree_of(leaves).root(5).hex())
    refused(
        proof_of(leaves, 4, signer, seen=5), signer, "before the last checkpoint", entries=entries(signer, seen=seen)
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"clip_norm": 1.5}, "clip norm 1.5"),
        ({"noise_multiplier": 0.9}, "noise multiplier 0.9"),
        ({"noise_multiplier": 0.0}, "noise multiplier 0"),
        ({"planned_cohort": 19}, "cohort of 19"),
        ({"minimum_cohort": 4}, "minimum cohort of 4"),
        ({"mechanism": "off"}, "mechanism off"),
        ({"mechanism": "skellam"}, "mechanism skellam"),  # of shares that nobody adds, with central trust
        ({"weights": "examples"}, "weights examples"),
    ],
)
def test_line_26_a_device_has_hard_limits_of_its_own_whatever_is_signed(changes, says, logged_rounds, signer):
    refused(proof_of(logged_rounds(1, **changes), 0, signer), signer, says)


def test_line_26_noise_that_others_were_to_add_is_not_counted_as_if_this_device_did(logged_rounds, signer):
    leaf = logged_rounds(1)[0]
    elsewhere = [
        replace(
            leaf,
            epsilon_before=replace(leaf.epsilon_before, trust=Trust.LOCAL),
            epsilon_after=replace(leaf.epsilon_after, trust=Trust.LOCAL),
        )
    ]
    refused(proof_of(elsewhere, 0, signer), signer, "local trust")


def test_line_26_its_own_cap_and_number_of_rounds_are_limits_too(logged_rounds, signer):
    proof = proof_of(logged_rounds(1), 0, signer)
    refused(proof, signer, "above its cap", entries=entries(signer, cap=0.5))
    refused(proof, signer, "allows 0", entries=entries(signer, most=0))


def test_line_7_the_epsilon_of_the_server_is_never_taken(logged_rounds, signer):
    leaves = logged_rounds(1)
    leaves[0] = replace(leaves[0], epsilon_after=replace(leaves[0].epsilon_after, epsilon=1e-9))
    refused(proof_of(leaves, 0, signer), signer, "own epsilon 3", entries=entries(signer, cap=0.5))
