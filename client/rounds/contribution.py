"""What a device gives to one round, or refuses: consent, proof, debit on disk, and only then the listener's plays.

Letters: d released numbers, E examples, G mood groups.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from client.consent.kinds import ListeningConsent, RoundsConsent
from client.eligibility.verdict import Verdict
from client.ledger.ledger import Ledger
from shared_model.books.gate import LogProof, OwnLimits, require_logged
from shared_model.books.notes import Verifier
from shared_model.errors import Refused
from shared_model.head.parameters import ParameterLayout
from shared_model.privacy.clipping import clip_rows
from shared_model.privacy.evaluation_share import quality_norm
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
    """What is learned from. model: over all tracks of this device; examples: (1, E, ...) of the listener's plays;
    quality: what the device says of a model with these parameters (d,), of plays that are no examples, as a row of
    `shared_model.quality.said.quality_rows`; None where none are held out."""

    model: Model
    examples: Examples
    quality: Callable[[Tensor], NDArray[np.float64]] | None = None


def contribute(
    invitation: Invitation,
    layout: ParameterLayout,
    read: Callable[[ListeningConsent, bool], Learned],
    *,
    listening: ListeningConsent,
    rounds: RoundsConsent,
    eligible: Verdict,
    ledger: Ledger,
    rules: Rules,
) -> Tensor:
    """The clipped, and with local trust noised, update (d,) that leaves the device, and behind it what the device says
    of the parameters that it received, where the round has an evaluation share: (d + 3 G,), of norm
    `shared_model.privacy.evaluation_share.vector_norm` at most.

    layout: which numbers are released; read: library and plays, and whether some of them are held out, which is called
    when the debit is synced to disk and not before.
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
    learned = read(listening, intent.evaluation_share > 0)
    assert learned.model.layout == layout
    updates = local_updates(learned.model, invitation.parameters, learned.examples, rules.learning.training)
    update = clip_rows(updates, clip_norm=intent.clip_norm)[0]
    if intent.evaluation_share:
        assert learned.quality is not None
        norm = quality_norm(intent.clip_norm, evaluation_share=intent.evaluation_share)
        update = torch.cat([update, torch.from_numpy(norm * learned.quality(invitation.parameters)).to(update)])
    if admitted.debit.trust is Trust.LOCAL:
        mechanism = LocalGaussian(clip_norm=intent.clip_norm, noise_multiplier=intent.noise_multiplier)
        update = noised_update(update, mechanism=mechanism, randomness=OperatingSystemRandomness())
    return update
