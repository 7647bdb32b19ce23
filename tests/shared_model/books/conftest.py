"""A small log of one run, and a key to sign it with."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared_model.books.notes import Signer
from shared_model.books.round_log import Intent, Leaf, LoggedEpsilon, Outcome, Result
from shared_model.privacy.spent import Adversary, Relation, Sampling, Trust, Unit

ZERO = LoggedEpsilon(
    epsilon=0.0,
    unit=Unit.DEVICE,
    relation=Relation.ADD_OR_REMOVE_ONE,
    adversary=Adversary.RELEASE_READER,
    trust=Trust.CENTRAL,
    accountant="PLD",
)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def invented_rounds(rounds: int, *, run: str = "run-1", **changes: Any) -> list[Leaf]:
    """Intent and outcome of each round; epsilon is a tenth of the round, which no accountant would say."""
    leaves: list[Leaf] = []
    for number in range(1, rounds + 1):
        intent = Intent(
            run=run,
            round=number,
            model_sha256=sha256(f"{run} model {number - 1}"),
            code_sha256=sha256("code"),
            mechanism="gaussian",
            noise_multiplier=1.25,
            clip_norm=0.5,
            planned_cohort=20,
            minimum_cohort=5,
            sample_rate=0.02,
            sampling=Sampling.POISSON,
            releases=1_000_000,
            delta=1e-5,
            epsilon_before=replace(ZERO, epsilon=(number - 1) / 10),
            epsilon_after=replace(ZERO, epsilon=number / 10),
            weights="uniform",
            secagg=None,
            registry_root=None,
            learning_sha256=None,
        )
        leaves.append(replace(intent, **changes))
        leaves.append(
            Outcome(run=run, round=number, model_sha256=sha256(f"{run} model {number}"), result=Result.RELEASED)
        )
    return leaves


@pytest.fixture(scope="session")
def logged_rounds() -> Callable[..., list[Leaf]]:
    return invented_rounds


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer(name="example.org/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
