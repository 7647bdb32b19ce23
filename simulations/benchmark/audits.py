"""What audits cost, in CPU seconds: gate G0, gate G1, and the verification of a long round log."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared_model.auditing.verify import verify_round_log
from shared_model.books.checkpoint import Checkpoint
from shared_model.books.merkle import Tree, leaf_hash
from shared_model.books.notes import Signer
from shared_model.books.round_log import (
    CHECKPOINT,
    GAUSSIAN,
    LEAVES,
    PUBLIC_KEY,
    UNIFORM,
    Intent,
    LoggedEpsilon,
    Outcome,
    Result,
    encode_leaf,
)
from shared_model.privacy.loss_distribution import pld_epsilon
from shared_model.privacy.spent import Adversary, Relation, Sampling, Trust, Unit
from simulations.auditing.gates import Watched, audit_noise, audit_run

TRIALS, CANARIES, ROUNDS, LOGGED = 100_000, 1000, 50, 100_000
RATE, NOISE, DELTA = 0.01, 1.0, 1e-6
_TRUE = LoggedEpsilon(
    epsilon=0.0,
    unit=Unit.DEVICE,
    relation=Relation.ADD_OR_REMOVE_ONE,
    adversary=Adversary.RELEASE_READER,
    trust=Trust.CENTRAL,
    accountant="PLD",
)


def cost_of_audits(watched: Watched) -> dict[str, float]:
    """CPU seconds of 1e5 trials of 64 numbers, of 1,000 canaries in 50 rounds of `quick`, of a log of 1e5 rounds."""
    more = ["rounds=50", "privacy.max_participations=50"]
    with tempfile.TemporaryDirectory() as folder:
        log = _long_log(Path(folder), rounds=LOGGED)
        return {
            "mechanism": _cpu_seconds(
                lambda: audit_noise(
                    "quick",
                    [],
                    data=None,
                    trials=TRIALS,
                    claim=None,
                    false_alarms=1e-4,
                    size=64,
                    full_size_trials=0,
                    seed=0,
                    watched=watched,
                )
            ),
            "one_run": _cpu_seconds(
                lambda: audit_run(
                    "quick", more, data=None, canaries=CANARIES, false_alarms=0.05, seed=0, watched=watched
                )
            ),
            "verify": _cpu_seconds(lambda: verify_round_log(log, key=None)),
        }


def _cpu_seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def _long_log(folder: Path, *, rounds: int) -> Path:
    """A log that verifies: epsilons are true where they are computed again, and stand still in between."""
    signer = Signer(name="example.org/benchmark", private_key=Ed25519PrivateKey.generate())
    lines, before = [], _TRUE
    for number in range(1, rounds + 1):
        after = before
        if number & (number - 1) == 0 or number == rounds:
            epsilon = pld_epsilon(sample_rate=RATE, noise_multiplier=NOISE, rounds=number, delta=DELTA)
            after = replace(_TRUE, epsilon=epsilon)
        intent = Intent(
            run="benchmark",
            round=number,
            model_sha256=f"{number - 1:064x}",
            code_sha256="00" * 32,
            mechanism=GAUSSIAN,
            noise_multiplier=NOISE,
            clip_norm=0.5,
            planned_cohort=1000,
            minimum_cohort=0,
            sample_rate=RATE,
            sampling=Sampling.POISSON,
            releases=rounds,
            delta=DELTA,
            epsilon_before=before,
            epsilon_after=after,
            weights=UNIFORM,
            secagg=None,
            registry_root=None,
            learning_sha256=None,
        )
        outcome = Outcome(run="benchmark", round=number, model_sha256=f"{number:064x}", result=Result.RELEASED)
        lines += [encode_leaf(intent), encode_leaf(outcome)]
        before = after
    tree = Tree(map(leaf_hash, lines))
    (folder / LEAVES).write_bytes(b"".join(line + b"\n" for line in lines))
    checkpoint = Checkpoint(origin=signer.name, size=len(lines), root=tree.root())
    (folder / CHECKPOINT).write_bytes(checkpoint.signed(signer))
    (folder / PUBLIC_KEY).write_text(f"{signer.verifier.vkey}\n", encoding="utf-8")
    return folder
