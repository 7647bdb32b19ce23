"""No proof, no training: what a device checks of the public log before it takes part in a round.

It proves what the server promised. That noise was added is proved by distributed noise, or by an audit.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from shared_model.books.checkpoint import open_checkpoint
from shared_model.books.entries import CheckpointSeen, Debit, Entry, ExampleBudget
from shared_model.books.ledger_law import last_seen, log_key_of
from shared_model.books.merkle import EMPTY_ROOT, extends, includes, leaf_hash
from shared_model.books.notes import Verifier
from shared_model.books.round_log import GAUSSIAN, SKELLAM, UNIFORM, Intent, decode_leaf
from shared_model.books.spending import require_allowed
from shared_model.errors import BadInput, Refused
from shared_model.privacy.spent import Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """What a server sends with an invitation.

    leaf: the round's intent; index: its place in the log; checkpoint: the signed note; inclusion: that the leaf is
    below its root; consistency: that the log of the last checkpoint that this device saw is its beginning, empty where
    there is none to send.
    """

    leaf: bytes
    index: int
    checkpoint: bytes
    inclusion: tuple[bytes, ...]
    consistency: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLimits:
    """What a device accepts at all, whatever is signed; its cap and number of rounds are in its ledger.

    trust: who adds the noise in the rounds that it can take part in.
    """

    largest_clip_norm: float
    smallest_noise_multiplier: float
    smallest_cohort: int
    smallest_minimum_cohort: int
    trust: Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A round that the device may train in once these rows are on disk, in this order."""

    intent: Intent
    debit: Debit
    seen: CheckpointSeen


def require_logged(
    proof: LogProof,
    *,
    pinned: Verifier,
    entries: Sequence[Entry],
    limits: OwnLimits,
    example: ExampleBudget | None = None,
    month: str | None = None,
) -> Admitted:
    """Check signature, inclusion, consistency and the device's own limits. Raises Refused for anything amiss.

    pinned: the key of the log that was joined; entries: of a ledger that was checked; example: what the training itself
    will spend; month: of the device's clock, as in `Debit`.
    """
    if hashlib.sha256(pinned.public_key).hexdigest() != log_key_of(entries):
        raise Refused("round log: the device joined a federation with another log key; join this one first")
    try:
        checkpoint = open_checkpoint(proof.checkpoint, pinned, what="round log")
        intent = decode_leaf(proof.leaf, what="round log, intent")
    except BadInput as error:
        raise Refused(f"{error}. The device declines") from error
    seen = last_seen(entries)
    old_size, old_root = (seen.size, bytes.fromhex(seen.root)) if seen else (0, EMPTY_ROOT)
    size, root = checkpoint.size, checkpoint.root
    if 0 < old_size < size and not proof.consistency:
        raise Refused(
            f"round log: no proof came that the log of {size} leaves begins with the {old_size} that this device saw; "
            "the device declines"
        )
    if not extends(proof.consistency, old_size=old_size, old_root=old_root, size=size, root=root):
        raise Refused(
            f"round log: the log of {size} leaves does not begin with the {old_size} that this device saw; "
            "the log was rewritten: keep both checkpoints and tell the operator's auditors"
        )
    if not includes(proof.leaf, proof.inclusion, index=proof.index, size=size, root=root):
        raise Refused("round log: no proof that this round was announced; the device declines")
    if not isinstance(intent, Intent):
        raise Refused("round log: what was proved is no intent; the device declines")
    _require_limits(intent, limits)
    debit = Debit(
        run=intent.run,
        round=intent.round,
        intent_sha256=leaf_hash(proof.leaf).hex(),
        log_index=proof.index,
        noise_multiplier=intent.noise_multiplier,
        relation=intent.epsilon_after.relation.of_a_device,
        trust=intent.epsilon_after.trust,
        example=example,
        month=month,
    )
    require_allowed(entries, debit)
    return Admitted(intent=intent, debit=debit, seen=CheckpointSeen(size=size, root=root.hex()))


def _require_limits(intent: Intent, limits: OwnLimits) -> None:
    refusals = (
        (
            intent.mechanism != (SKELLAM if intent.epsilon_after.trust is Trust.DISTRIBUTED else GAUSSIAN),
            f"mechanism {intent.mechanism}, which this device cannot count",
        ),
        (intent.weights != UNIFORM, f"weights {intent.weights}, and only uniform ones are covered by the noise"),
        (intent.epsilon_after.trust is not limits.trust, f"{intent.epsilon_after.trust.value} trust"),
        (intent.clip_norm > limits.largest_clip_norm, f"clip norm {intent.clip_norm:g}"),
        (intent.noise_multiplier < limits.smallest_noise_multiplier, f"noise multiplier {intent.noise_multiplier:g}"),
        (intent.planned_cohort < limits.smallest_cohort, f"a planned cohort of {intent.planned_cohort}"),
        (intent.minimum_cohort < limits.smallest_minimum_cohort, f"a minimum cohort of {intent.minimum_cohort}"),
    )
    for beyond, what in refusals:
        if beyond:
            raise Refused(f"round log: the round has {what}, beyond this device's own limits; it declines")
