"""Withdrawing consent: one action, at once, and what was learned by it goes with it."""

from dataclasses import dataclass

from client.consent.purpose import Purpose
from client.personalise.kept import forget_heads
from client.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """answers_destroyed: whether there were any; copies_forgotten: tuned copies of the model that had learned by it."""

    answers_destroyed: bool
    copies_forgotten: int


def withdraw(profile: Profile, purpose: Purpose, *, at_s: int) -> Withdrawn:
    """Write the receipt, and then undo: withdrawing twice undoes what a kill in the middle left."""
    profile.consents.decide(purpose, granted=False, at_s=at_s)
    destroyed = purpose is Purpose.MOOD and profile.shred_mood()
    forgotten = 0
    if purpose in (Purpose.MOOD, Purpose.LISTENING):
        forgotten = forget_heads(profile.history, moods_alone=purpose is Purpose.MOOD)
    return Withdrawn(answers_destroyed=destroyed, copies_forgotten=forgotten)
