"""Plays as they come, one or a few at a time: on disk when `record` returns, under a consent that holds at that moment.

One connection is kept while plays come, since opening an encrypted database costs more than storing a play. What
another process commits, a withdrawal among it, changes `data_version` (sqlite.org/pragma.html), and the consent is
read anew.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine

from client.consent.consents import Consents
from client.consent.kinds import ListeningConsent
from client.ingest.record import record_batch
from shared_model.listen import Listen

# no row is touched, but from here on nobody else writes until the commit
_LOCK = "DELETE FROM listens WHERE 0"


class LiveHistory:
    """Not to be used by two threads at once."""

    def __init__(self, history: Engine) -> None:
        self._history = history
        self._connection: Connection | None = None
        self._consent: ListeningConsent | None = None
        self._version = -1

    def record(self, listens: Sequence[Listen]) -> int:
        """How many of them were new; the others are plays that are stored already (within 30 s, as in an import).

        Raises Refused without a consent in force, and then nothing is stored.
        """
        if self._connection is None:
            self._connection = self._history.connect()
        try:
            with self._connection.begin():
                self._connection.exec_driver_sql(_LOCK)
                return record_batch(self._connection, listens, self._consent_now(self._connection))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the database, so that its key can be changed; the next play opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._consent = None, None

    def _consent_now(self, connection: Connection) -> ListeningConsent:
        version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
        if self._consent is None or version != self._version:
            self._consent = Consents(self._history).listening()
            self._version = version
        return self._consent
