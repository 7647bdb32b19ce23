"""What a device gives to one round, or refuses: consent, proof, debit on disk, and only then the listener's plays.

Letters: d released numbers, E examples.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from client.consent.kinds import ListeningConsent, RoundsConsent
from client.eligibility.verdict import Verdict
from client.ledger.ledger import Ledger
from shared_model.books.gate import LogProof, OwnLimits, require_logged
from shared_model.books.notes import Verifier
from shared_model.errors import Refused
from shared_model.head.parameters import ParameterLayout
from shared_model.privacy.clipping import clip_rows
from shared_model.privacy.local_gaussian import LocalGaussian
from shared_model.privacy.mechanism import noised_update
from shared_model.privacy.randomness import OperatingSystemRandomness
from shared_model.privacy.spent import Trust
from shared_model.release import model_hash
from shared_model.round_invitation import Learning
from shared_model.training.examples import Examples
from shared_model.training.local_update import Model, local_updates


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """parameters: (d,) float32 of the round; proof: that the round was announced in the public log."""

    parameters: Tensor
    proof: LogProof


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the device goes by. pinned: the log's key; learning: how it was told to learn, within its own limits;
    month: by its clock, such as "2026-11"."""

    pinned: Verifier
    limits: OwnLimits
    learning: Learning
    month: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What is learned from. model: over all tracks of this device; examples: (1, E, ...) of the listener's plays."""

    model: Model
    examples: Examples


def contribute(
    invitation: Invitation,
    layout: ParameterLayout,
    read: Callable[[ListeningConsent], Learned],
    *,
    listening: ListeningConsent,
    rounds: RoundsConsent,
    eligible: Verdict,
    ledger: Ledger,
    rules: Rules,
) -> Tensor:
    """The clipped, and with local trust noised, update (d,) that leaves the device.

    layout: which numbers are released; read: library and plays, which is called when the debit is synced to disk and
    not before.
    Raises Refused, with nothing read and nothing debited, where the device may not work now, the round is not proved
    or not within its limits and budget, or parameters or learning are not those that were announced. The reason
    stays here: what is answered is `declined`. Once debited nothing is given back, whatever happens.
    """
    assert rounds.purpose == "rounds"
    if not eligible.allowed:
        raise Refused(f"round: {eligible.reason}")
    admitted = require_logged(
        invitation.proof, pinned=rules.pinned, entries=ledger.entries, limits=rules.limits, month=rules.month
    )
    intent = admitted.intent
    if model_hash(layout.tensors(invitation.parameters)) != intent.model_sha256:
        raise Refused("round: its parameters are not those that were announced; the device declines")
    if rules.learning.sha256 != intent.learning_sha256:
        raise Refused("round: it is to learn otherwise than was announced; the device declines")
    ledger.debit(admitted.debit)
    ledger.append(admitted.seen)
    learned = read(listening)
    assert learned.model.layout == layout
    updates = local_updates(learned.model, invitation.parameters, learned.examples, rules.learning.training)
    update = clip_rows(updates, clip_norm=intent.clip_norm)[0]
    if admitted.debit.trust is Trust.LOCAL:
        mechanism = LocalGaussian(clip_norm=intent.clip_norm, noise_multiplier=intent.noise_multiplier)
        update = noised_update(update, mechanism=mechanism, randomness=OperatingSystemRandomness())
    return update
