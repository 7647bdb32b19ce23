"""A log on disk whose epsilons are true."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared_model.books.checkpoint import Checkpoint
from shared_model.books.merkle import Tree, leaf_hash
from shared_model.books.notes import Signer
from shared_model.books.round_log import Intent, LoggedEpsilon, Outcome, Result, encode_leaf
from shared_model.privacy.loss_distribution import pld_epsilon
from shared_model.privacy.spent import Adversary, Relation, Sampling, Trust, Unit

ROUNDS = 12


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer(name="example.org/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.fixture(scope="session")
def true_leaves() -> list:
    """12 rounds at q = 0.02, z = 1.25."""
    kind = {
        "unit": Unit.DEVICE,
        "relation": Relation.ADD_OR_REMOVE_ONE,
        "adversary": Adversary.RELEASE_READER,
        "trust": Trust.CENTRAL,
        "accountant": "PLD",
    }
    epsilons = [
        LoggedEpsilon(epsilon=pld_epsilon(sample_rate=0.02, noise_multiplier=1.25, rounds=n, delta=1e-5), **kind)
        for n in range(ROUNDS + 1)
    ]
    leaves = []
    for number in range(1, ROUNDS + 1):
        leaves.append(
            Intent(
                run="run-1",
                round=number,
                model_sha256=f"{number - 1:064x}",
                code_sha256="00" * 32,
                mechanism="gaussian",
                noise_multiplier=1.25,
                clip_norm=0.5,
                planned_cohort=20,
                minimum_cohort=0,
                sample_rate=0.02,
                sampling=Sampling.POISSON,
                releases=1_000_000,
                delta=1e-5,
                epsilon_before=epsilons[number - 1],
                epsilon_after=epsilons[number],
                weights="uniform",
                secagg=None,
                registry_root=None,
                learning_sha256=None,
            )
        )
        leaves.append(Outcome(run="run-1", round=number, model_sha256=f"{number:064x}", result=Result.RELEASED))
    return leaves


@pytest.fixture
def write_log(tmp_path: Path, signer: Signer):
    """Writes and signs a log of these leaves, or of these lines."""

    def write(leaves, *, key=signer, size=None) -> Path:
        lines = [leaf if isinstance(leaf, bytes) else encode_leaf(leaf) for leaf in leaves]
        tree = Tree(map(leaf_hash, lines))
        size = len(lines) if size is None else size
        folder = tmp_path / "log"
        folder.mkdir(exist_ok=True)
        (folder / "leaves.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        (folder / "checkpoint").write_bytes(Checkpoint(origin=key.name, size=size, root=tree.root(size)).signed(key))
        (folder / "key.pub").write_text(key.verifier.vkey + "\n")
        return folder

    return write


@pytest.fixture(scope="session")
def with_epsilon():
    """The leaves, with another epsilon after some round (from 1), the next one's before included."""

    def changed(leaves, number, epsilon):
        changed_leaves = list(leaves)
        index = 2 * number - 2
        after = replace(leaves[index].epsilon_after, epsilon=epsilon)
        changed_leaves[index] = replace(leaves[index], epsilon_after=after)
        if index + 2 < len(leaves):
            changed_leaves[index + 2] = replace(leaves[index + 2], epsilon_before=after)
        return changed_leaves

    return changed
