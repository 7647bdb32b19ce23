"""What a listener is asked, in the words that a receipt is for. Other words are another version, and asked anew."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """The four choices (privacy requirement 28); none implies another."""

    LISTENING = "listening"
    MOOD = "mood"
    ROUNDS = "rounds"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What is asked. version: rises with every change of the words."""

    version: int
    question: str
    explanation: str

    @property
    def sha256(self) -> str:
        """Of question and explanation."""
        return hashlib.sha256(f"{self.question}\n{self.explanation}".encode()).hexdigest()


WORDINGS = {
    Purpose.LISTENING: Wording(
        version=2,
        question="May this program learn from what I listen to?",
        explanation=(
            "The plays that you import, and those that your players send to it as you listen, stay on this device, "
            "encrypted. From them it works out recommendations and "
            "tunes its own copy of the model. Nothing leaves the device by this."
        ),
    ),
    Purpose.MOOD: Wording(
        version=2,
        question="May it use my mood answers?",
        explanation=(
            "How you say you feel may be health data. Your answers stay on this device, encrypted under a key of "
            "their own, and change what is recommended and what its own copy of the model learns. If you take part "
            "in training rounds, too, they shape what is learned there, within the same noise and budget. When you "
            "withdraw, that key is destroyed, and the answers with it."
        ),
    ),
    Purpose.ROUNDS: Wording(
        version=2,
        question="May this device take part in training rounds with others?",
        explanation=(
            "Now and then it sends a small, bounded update of the shared model, learned from your listening. In some "
            "rounds it adds to the same noised sum how well the model foresaw your latest plays, by mood where you "
            "agreed to its use. What all of it can give away is limited by the budget of this device "
            "(`sottovoce-client budget`), which it counts itself. Your plays and answers are never sent."
        ),
    ),
    Purpose.LOOKUP: Wording(
        version=1,
        question="May it look up lyrics online?",
        explanation="Asking a service for lyrics tells that service which songs you have.",
    ),
}
