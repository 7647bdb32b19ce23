"""What left this device in rounds, for its owner to see: how much, and with which noise. The newest 200."""

from dataclasses import asdict, dataclass

from sqlalchemy import Engine, delete, insert, select

from client.store.tables import sent_updates
from shared_model.privacy.spent import Trust

KEPT = 200
"""The ledger has every round that was paid for; these say of the last what was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentUpdate:
    """at_s: Unix seconds; numbers: of the model, and of quality where the round asked for it; size_bytes: as they were
    sent; clip_norm, noise_multiplier: as the round announced them; own_noise: standard deviation of the noise that this
    device itself added to each number, None where the server was to add it."""

    at_s: int
    run: str
    round: int
    numbers: int
    size_bytes: int
    clip_norm: float
    noise_multiplier: float
    trust: Trust
    own_noise: float | None


def note_sent(history: Engine, sent: SentUpdate) -> None:
    """Keep it, on disk before it leaves, and forget what is older than the newest `KEPT`."""
    with history.begin() as connection:
        connection.execute(insert(sent_updates).values(**{**asdict(sent), "trust": sent.trust.value}))
        newest = select(sent_updates.c.id).order_by(sent_updates.c.id.desc()).limit(KEPT)
        connection.execute(delete(sent_updates).where(sent_updates.c.id.not_in(newest)))


def newest_sent(history: Engine, count: int) -> list[SentUpdate]:
    """Newest first."""
    columns = [column for column in sent_updates.columns if column.name != "id"]
    query = select(*columns).order_by(sent_updates.c.id.desc()).limit(count)
    with history.connect() as connection:
        rows = connection.execute(query).mappings().all()
    return [SentUpdate(**{**row, "trust": Trust(row["trust"])}) for row in rows]
