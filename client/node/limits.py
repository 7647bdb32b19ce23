"""What a deployed device accepts at all, whatever is signed or sent (privacy requirement 26)."""

from dataclasses import dataclass

from shared_model.books.gate import OwnLimits
from shared_model.errors import Refused
from shared_model.privacy.spent import Trust
from shared_model.round_invitation import Learning

DEFAULT_LIMITS = OwnLimits(
    largest_clip_norm=10.0,
    smallest_noise_multiplier=0.5,
    smallest_cohort=3,
    smallest_minimum_cohort=2,
    trust=Trust.CENTRAL,
)
"""Three devices are enough for a trial, and hide little: what one round may cost is the ledger's to bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningLimits:
    """Bounds on the work that a message may ask for. steps: of gradient descent, all epochs together."""

    learning_rate: float = 1.0
    steps: int = 1_000
    examples: int = 2_000
    candidates: int = 200
    rank: int = 64


DEFAULT_LEARNING_LIMITS = LearningLimits()


def require_within(learning: Learning, limits: LearningLimits) -> None:
    """Raises Refused for work beyond the device's own limits, or that cannot be."""
    training = learning.training
    counts = (training.batch_size, training.epochs, learning.rank, learning.examples)
    if min(counts) < 1 or learning.candidates < 2 or learning.seed < 0 or not training.learning_rate > 0:
        raise Refused("invitation: it asks for training that cannot be; the device declines")
    steps = training.epochs * -(-learning.examples // training.batch_size)
    for name, asked, most in (
        ("learning rate", training.learning_rate, limits.learning_rate),
        ("steps", steps, limits.steps),
        ("examples", learning.examples, limits.examples),
        ("candidates", learning.candidates, limits.candidates),
        ("rank", learning.rank, limits.rank),
    ):
        if not asked <= most:
            raise Refused(f"invitation: {name} {asked:g}, beyond this device's own limit of {most:g}; it declines")
