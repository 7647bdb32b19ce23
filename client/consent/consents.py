"""The listener's decisions, as they are kept: rows are added and never changed."""

from dataclasses import asdict, dataclass

from sqlalchemy import Engine, insert, select

from client.consent.kinds import ListeningConsent, LookupConsent, MoodConsent, Receipt, RoundsConsent
from client.consent.purpose import WORDINGS, Purpose
from client.store.tables import consent_receipts
from shared_model.errors import Refused


@dataclass(frozen=True, slots=True)
class Consents:
    """history: the database that holds the receipts. The clock is the caller's."""

    history: Engine

    def decide(self, purpose: Purpose, *, granted: bool, at_s: int) -> Receipt:
        """Write a receipt for the words of today."""
        wording = WORDINGS[purpose]
        receipt = Receipt(
            purpose=purpose,
            granted=granted,
            wording_version=wording.version,
            wording_sha256=wording.sha256,
            at_s=at_s,
        )
        with self.history.begin() as connection:
            connection.execute(insert(consent_receipts).values(**asdict(receipt)))
        return receipt

    def receipts(self) -> tuple[Receipt, ...]:
        """All of them, oldest first."""
        columns = [column for column in consent_receipts.columns if column.name != "id"]
        with self.history.connect() as connection:
            rows = connection.execute(select(*columns).order_by(consent_receipts.c.id)).mappings().all()
        return tuple(Receipt(**{**row, "purpose": Purpose(row["purpose"])}) for row in rows)

    def holds(self, purpose: Purpose) -> bool:
        """Whether the last decision is yes, to the words of today."""
        latest = self._latest(purpose)
        return latest is not None and latest.is_in_force

    def listening(self) -> ListeningConsent:
        """Raises Refused where it was not given, was withdrawn, or was given to other words."""
        return ListeningConsent(self._required(Purpose.LISTENING))

    def mood(self) -> MoodConsent:
        """As `listening`."""
        return MoodConsent(self._required(Purpose.MOOD))

    def rounds(self) -> RoundsConsent:
        """As `listening`."""
        return RoundsConsent(self._required(Purpose.ROUNDS))

    def lookup(self) -> LookupConsent:
        """As `listening`."""
        return LookupConsent(self._required(Purpose.LOOKUP))

    def _latest(self, purpose: Purpose) -> Receipt | None:
        return next((each for each in reversed(self.receipts()) if each.purpose is purpose), None)

    def _required(self, purpose: Purpose) -> Receipt:
        latest = self._latest(purpose)
        if latest is None or not latest.is_in_force:
            why = (
                "was not given"
                if latest is None
                else "was given to other words, and is asked anew"
                if latest.granted
                else "was withdrawn"
            )
            raise Refused(
                f"consent: '{WORDINGS[purpose].question}' {why}; nothing was done. "
                f"To agree: sottovoce-client consent grant {purpose}"
            )
        return latest
