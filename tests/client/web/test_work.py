"""Long work: one piece at a time, how far it is, how it ended."""

import threading

import pytest

from client.web.work import Progress, Work
from shared_model.errors import Refused

WAIT_S = 20.0


def ended(work: Work) -> str:
    pause = threading.Event()
    for _ in range(2_000):
        if work.piece is not None and work.piece.said is not None:
            return work.piece.said
        pause.wait(0.01)
    raise AssertionError("the work does not end")


def test_one_piece_at_a_time_with_its_progress_and_its_last_sentence() -> None:
    work, half, go_on = Work(), threading.Event(), threading.Event()
    assert work.piece is None
    assert not work.goes_on

    def task(progress: Progress) -> str:
        progress(3, 6)
        half.set()
        assert go_on.wait(WAIT_S)
        return "6 tracks."

    assert work.begin("Reading", task, back="/settings")
    assert half.wait(WAIT_S)
    assert work.piece is not None
    assert (work.piece.name, work.piece.back, work.piece.done, work.piece.total) == ("Reading", "/settings", 3, 6)
    assert work.goes_on
    assert not work.begin("Another", lambda _: "never", back="/")
    assert work.piece.name == "Reading"
    go_on.set()
    assert ended(work) == "6 tracks."
    assert not work.piece.failed
    assert work.begin("Another", lambda _: "now", back="/")
    assert ended(work) == "now"


@pytest.mark.parametrize(
    ("error", "says"),
    [(Refused("tune: too few plays; play more"), "too few plays"), (RuntimeError("Die Forelle"), "could not be done")],
)
def test_work_that_fails_ends_with_a_sentence_that_tells_nothing_of_the_listener(error, says, caplog) -> None:
    def task(_: Progress) -> str:
        raise error

    work = Work()
    work.begin("Tuning", task, back="/settings")
    said = ended(work)
    assert says in said
    assert work.piece is not None
    assert work.piece.failed
    assert "Forelle" not in said + caplog.text
