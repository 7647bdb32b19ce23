"""The proof that a round was announced, for the device's gate (`shared_model/books/gate.py`)."""

from collections.abc import Sequence

from client.enrolment.connection import Distribution
from client.enrolment.pins import Pins
from shared_model.books.entries import Entry
from shared_model.books.gate import LogProof
from shared_model.books.ledger_law import last_seen
from shared_model.wire.head import open_head, require_fresh


def fresh_proof(
    service: Distribution, pins: Pins, run: str, number: int, *, entries: Sequence[Entry], now_s: float
) -> LogProof:
    """From the coordinator, against the log that the ledger saw last; signed by the pinned key, and not long ago.

    entries: of the ledger; now_s: by the device's clock. `require_logged` checks the rest, and must be asked.
    Raises Refused, BadInput, Unreachable.
    """
    seen = last_seen(entries)
    proof = service.proof(run, number, seen_size=seen.size if seen else 0)
    require_fresh(open_head(proof.checkpoint, pins.log_verifier), now_s=now_s)
    return proof
