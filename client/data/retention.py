"""Limits of age that the owner set: what is older deletes itself when the profile is opened (requirement 31)."""

from sqlalchemy import Engine

from client.checkin.record import any_before, delete_before
from client.data.erase import count_listens, erase_listens
from client.personalise.kept import forget_heads
from client.settings import RetentionSettings
from client.store.database import compact
from client.store.tables import listens

_DAY_S = 86_400


def apply_retention(history: Engine, mood: Engine | None, limits: RetentionSettings, *, now_s: float) -> None:
    """Delete plays and check-ins older than the limits, and what was tuned on them. now_s: Unix seconds."""
    if limits.listens_days is not None:
        old = listens.c.started_at_s < int(now_s) - limits.listens_days * _DAY_S
        if count_listens(history, old):
            erase_listens(history, old)
    old_s = None if limits.answers_days is None else int(now_s) - limits.answers_days * _DAY_S
    if mood is not None and old_s is not None and any_before(mood, old_s):
        # two databases: killed in between, the next opening still finds the answers and does both
        forget_heads(history, moods_alone=True)
        delete_before(mood, old_s)
        compact(mood)
