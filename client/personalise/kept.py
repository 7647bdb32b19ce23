"""Tuned heads in the store, with the release they came from and how they did; the newest is in use, or none."""

import json
from dataclasses import dataclass

from safetensors import SafetensorError
from safetensors.numpy import load, save
from sqlalchemy import Engine, delete, insert, select, update

from client.store.tables import personal_heads
from shared_model.errors import BadInput
from shared_model.head.inference import FrozenHead
from shared_model.release_0.release import Release0

KEPT = 3
"""The newest: what came of the last tunings can be looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A row. made_at_s: Unix seconds; evaluation: what `client.personalise.evaluate` found, before and after."""

    id: int
    made_at_s: int
    evaluation: dict[str, object]
    in_use: bool


def keep_head(
    history: Engine, release: Release0, head: FrozenHead, *, made_at_s: int, evaluation: dict[str, object], use: bool
) -> None:
    """Store a tuned head, in one transaction; use: whether it is in use from now on, else the release's own."""
    with history.begin() as connection:
        connection.execute(update(personal_heads).values(in_use=False))
        connection.execute(
            insert(personal_heads).values(
                release_sha256=release.sha256,
                made_at_s=made_at_s,
                tensors=save(dict(head.parameters)),
                evaluation=json.dumps(evaluation),
                in_use=use,
            )
        )
        newest = select(personal_heads.c.id).order_by(personal_heads.c.id.desc()).limit(KEPT)
        connection.execute(delete(personal_heads).where(personal_heads.c.id.not_in(newest)))


def head_in_use(history: Engine, release: Release0, *, moods: bool) -> FrozenHead | None:
    """The tuned head, or None: there is none, or it was tuned from another release, or learned from mood answers.

    moods: whether the listener agrees that those are used. Raises BadInput where the head is damaged.
    """
    wanted = select(personal_heads).where(personal_heads.c.in_use)
    with history.connect() as connection:
        row = connection.execute(wanted).first()
    if row is None or row.release_sha256 != release.sha256:
        return None
    if _learned_from_moods(row.evaluation) and not moods:
        return None
    try:
        return FrozenHead(shape=release.head.shape, parameters=load(row.tensors))
    except (SafetensorError, BadInput, KeyError, ValueError) as error:  # not whole, or not of the release's shape
        raise BadInput(
            "tuned head: it is damaged; `sottovoce-client tune --forget` goes back to the release"
        ) from error


def tuned_heads(history: Engine) -> list[Tuned]:
    """Newest first."""
    columns = [personal_heads.c[name] for name in ("id", "made_at_s", "evaluation", "in_use")]
    with history.connect() as connection:
        rows = connection.execute(select(*columns).order_by(personal_heads.c.id.desc())).all()
    return [
        Tuned(id=row.id, made_at_s=row.made_at_s, evaluation=json.loads(row.evaluation), in_use=row.in_use)
        for row in rows
    ]


def forget_heads(history: Engine, *, moods_alone: bool = False) -> int:
    """Go back to the release; how many tuned heads there were. moods_alone: only those that learned from answers."""
    with history.begin() as connection:
        rows = connection.execute(select(personal_heads.c.id, personal_heads.c.evaluation)).all()
        ids = [row.id for row in rows if not moods_alone or _learned_from_moods(row.evaluation)]
        connection.execute(delete(personal_heads).where(personal_heads.c.id.in_(ids)))
    return len(ids)


def _learned_from_moods(evaluation: str) -> bool:
    return bool(json.loads(evaluation).get("moods", True))  # unknown is yes
