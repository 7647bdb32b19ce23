"""A round with one device that says something else."""

from shared_model.secagg.messages import Kind
from tests.shared_model.secagg.rounds import STAGES, cast, play

BAD = 10
SPOKEN = [stage for stage in STAGES if stage is not Kind.NEIGHBOURS]


def with_a_bad_device(stage, change, *, devices=6):
    """A round in which what `BAD` says at `stage` arrives as `change(actors, content)`."""
    actors = cast(devices, threshold=devices // 2 + 1)

    def said(now, number, content):
        return change(actors, content) if (now, number) == (stage, BAD) else content

    play(actors, said=said)
    return actors
